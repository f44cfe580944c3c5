import type { Money } from '#contracts/common.ts';
import { MONEY_LOCALES, MONEY_LOOK, moneyFormat } from '#contracts/currency.ts';

export type Language = 'ru' | 'en';

const LOCALES = MONEY_LOCALES;

/** Money in the language's format; whole amounts without `,00`. */
export function formatMoney(
  { amount, currency }: Money,
  language: Language,
  { sign = false }: { sign?: boolean } = {},
): string {
  return moneyFormat(LOCALES[language], currency, {
    ...MONEY_LOOK,
    signDisplay: sign ? 'exceptZero' : 'auto',
  })(amount);
}

const DAY_MS = 86_400_000;

/** Today only the time, this year without the year. */
export function formatMoment(iso: string, language: Language, now: number): string {
  const date = new Date(iso);
  const near = Math.abs(now - date.getTime()) < DAY_MS / 2;
  return new Intl.DateTimeFormat(LOCALES[language], {
    ...(!near && { day: 'numeric', month: 'short' }),
    ...(date.getFullYear() !== new Date(now).getFullYear() && { year: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(date);
}

/** The full date and time, for tooltips. */
export function formatMomentInFull(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], {
    dateStyle: 'full',
    timeStyle: 'long',
  }).format(new Date(iso));
}

/** Milliseconds in a suitable unit: `12 мс`, `3,4 с`, `5 мин`, `2 ч`. */
export function formatDuration(ms: number, language: Language): string {
  const [value, unit, digits] = durationParts(ms);
  return new Intl.NumberFormat(LOCALES[language], {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: digits,
  }).format(value);
}

function durationParts(ms: number): [value: number, unit: string, digits: number] {
  const size = Math.abs(ms);
  if (size < 1_000) return [ms, 'millisecond', 0];
  if (size < 60_000) return [ms / 1_000, 'second', size < 10_000 ? 2 : 1];
  if (size < 3_600_000) return [ms / 60_000, 'minute', 0];
  return size < DAY_MS ? [ms / 3_600_000, 'hour', 0] : [ms / DAY_MS, 'day', 0];
}

export function formatNumber(value: number, language: Language): string {
  return new Intl.NumberFormat(LOCALES[language], { maximumFractionDigits: 1 }).format(value);
}

/** Bytes in a suitable unit: `812 байт`, `4,7 кБ`. */
export function formatSize(bytes: number, language: Language): string {
  const [value, unit] = bytes < 1_000 ? [bytes, 'byte'] : [bytes / 1_000, 'kilobyte'];
  return new Intl.NumberFormat(LOCALES[language], {
    style: 'unit',
    unit,
    unitDisplay: unit === 'byte' ? 'long' : 'short',
    maximumFractionDigits: value < 100 ? 1 : 0,
  }).format(value);
}

/** The end of an id: the random part, in which two ids differ. */
export function shortId(id: string): string {
  return id.length <= 12 ? id : `…${id.slice(-8)}`;
}
