import { styleText } from 'node:util';
import type { Money } from '#contracts/common.ts';
import { decimalOf, minorUnitDigits, moneyFormat } from '#contracts/currency.ts';
import type { Language, Say } from '../texts/messages.ts';
import { print, styled } from './output.ts';

export type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold';

/** Formats values in the reader's language and prints them. */
export interface Screen {
  say: Say;
  money: (money: Money) => string;
  moment: (timestamp: string) => string;
  /** `12 ms`, `3.4 s`, `5 min`. */
  duration: (ms: number) => string;
  /** Coloured where standard output is a terminal and NO_COLOR is not set. */
  paint: (colour: Colour, text: string) => string;
  print: (text: string) => void;
}

export function createScreen(language: Language, say: Say): Screen {
  const moments = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'medium' });
  return {
    say,
    money: (money) => formatMoney(money, language),
    moment: (timestamp) => moments.format(new Date(timestamp)),
    duration: (ms) => durationText(ms, language),
    // The stream decides: no colours in a pipe, nor where NO_COLOR is set.
    paint: (colour, text) => styleText(colour, text, { stream: process.stdout }),
    print,
  };
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

/** A cell of a table: a text with an optional colour, or aligned to the right. */
export type Cell = string | { text: string; colour?: Colour; right?: true };

/** Columns two spaces apart, as wide as their widest cell; the last one is not padded. */
export function table(screen: Pick<Screen, 'paint'>, rows: Cell[][]): string {
  const cells = rows.map((row) =>
    row.map((cell) => {
      const { text, ...rest } = typeof cell === 'string' ? { text: cell } : cell;
      // As it is printed: escapes take space, and a cell is one line.
      return { text: styled(text).replaceAll('\n', ' '), ...rest };
    }),
  );
  const columns = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...cells.map((row) => widthOf(row[column]?.text ?? ''))),
  );
  return cells
    .map((row) =>
      row
        .map(({ text, colour, right }: Exclude<Cell, string>, column) => {
          const space = ' '.repeat((widths[column] as number) - widthOf(text));
          const shown = colour === undefined ? text : screen.paint(colour, text);
          if (right === true) return space + shown;
          return column === row.length - 1 ? shown : shown + space;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values, one pair per line. */
export function facts(screen: Pick<Screen, 'paint'>, rows: [name: string, value: Cell][]): string {
  return table(
    screen,
    rows.map(([name, value]) => [{ text: name, colour: 'dim' }, value]),
  );
}

function widthOf(text: string): number {
  return [...text].length;
}
