import { styleText } from 'node:util';
import type { Money } from '#contracts/common.ts';
import { decimalOf, minorUnitDigits, moneyFormat } from '#contracts/currency.ts';
import type { Language, Say } from '../texts/messages.ts';
import { print } from './output.ts';

export type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold';

/** Formats values in the reader's language and prints them. */
export interface Screen {
  say: Say;
  money: (money: Money) => string;
  /** `2026-11-29 18:20:05+03:00` */
  moment: (timestamp: string) => string;
  /** `12 ms`, `3.4 s`, `5 min`. */
  duration: (ms: number) => string;
  /** Coloured where standard output is a terminal and NO_COLOR is not set. */
  paint: (colour: Colour, text: string) => string;
  /** Columns of a line. */
  width: number;
  print: (text: string) => void;
}

/** Lists fit into so many columns, also in a pipe. */
const WIDTH_MIN = 80;

export function createScreen(language: Language, say: Say): Screen {
  return {
    say,
    money: (money) => formatMoney(money, language),
    moment: localMoment,
    duration: (ms) => durationText(ms, language),
    // The stream decides: no colours in a pipe, nor where NO_COLOR is set.
    paint: (colour, text) => styleText(colour, text, { stream: process.stdout }),
    width: widthOf(process.stdout.columns, process.env.COLUMNS),
    print,
  };
}

/** The terminal's width, else that of the variable COLUMNS (POSIX); at least 80. */
export function widthOf(terminal: number | undefined, variable: string | undefined): number {
  const given = /^\d{1,4}$/.test(variable ?? '') ? Number(variable) : 0;
  return Math.max(WIDTH_MIN, terminal ?? given);
}

/**
 * ISO 8601 with a space for the `T`, in the time zone of this machine (or of the variable TZ), to the
 * second.
 */
export function localMoment(timestamp: string): string {
  const date = new Date(timestamp);
  const east = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + east * 60_000).toISOString();
  const two = (value: number) => String(Math.trunc(value)).padStart(2, '0');
  const offset = `${two(Math.abs(east) / 60)}:${two(Math.abs(east) % 60)}`;
  return `${local.slice(0, 10)} ${local.slice(11, 19)}${east < 0 ? '-' : '+'}${offset}`;
}

/** The amount in major units with a decimal point, as the arguments take it. */
export function argumentOf({ amount, currency }: Money): string {
  return decimalOf(amount, minorUnitDigits(currency) ?? 0);
}

/** The amount with its currency, in the reader's language. */
export function formatMoney({ amount, currency }: Money, language: 'ru' | 'en'): string {
  return moneyFormat(language, currency, { currencyDisplay: 'narrowSymbol' })(amount);
}

function durationText(ms: number, language: Language): string {
  const write = (value: number, unit: string, digits = 0) =>
    new Intl.NumberFormat(language, {
      style: 'unit',
      unit,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    }).format(value);
  if (ms < 1_000) return write(ms, 'millisecond');
  if (ms < 60_000) return write(ms / 1_000, 'second', 1);
  if (ms < 3_600_000) return write(ms / 60_000, 'minute');
  return write(ms / 3_600_000, 'hour', 1);
}
