import type { Money } from '#contracts/common.ts';

export type Language = 'ru' | 'en';

const LOCALES = { ru: 'ru-RU', en: 'en-GB' } as const;

/** Digits after the point of a currency's unit: 2 for roubles. */
export function digitsOf(currency: string): number {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

/** Minor units as a decimal text with a point: a double would lose digits of 10^15. */
export function decimalOf(amount: number, digits: number): string {
  const padded = Math.abs(amount)
    .toString()
    .padStart(digits + 1, '0');
  const whole = padded.slice(0, padded.length - digits);
  return `${amount < 0 ? '-' : ''}${whole}${digits === 0 ? '' : `.${padded.slice(-digits)}`}`;
}

/** Money in words of the language; whole amounts without `,00`. */
export function formatMoney(
  money: Money,
  language: Language,
  { sign = false }: { sign?: boolean } = {},
): string {
  const digits = digitsOf(money.currency);
  const whole = money.amount % 10 ** digits === 0;
  return new Intl.NumberFormat(LOCALES[language], {
    style: 'currency',
    currency: money.currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: whole ? 0 : digits,
    signDisplay: sign ? 'exceptZero' : 'auto',
  }).format(decimalOf(money.amount, digits) as Intl.StringNumericLiteral);
}

/**
 * What a person typed as an amount: digits with a comma or a point, spaces between thousands.
 * @returns minor units, exact; null when it is no amount or has too many digits
 */
export function parseAmount(text: string, currency: string): number | null {
  const digits = digitsOf(currency);
  const match = /^(\d{1,16})(?:[.,](\d*))?$/.exec(text.replace(/[\s\u00a0\u202f]/g, ''));
  if (match === null) return null;
  const fraction = match[2] ?? '';
  if (fraction.length > digits) return null;
  const amount = Number(`${match[1]}${fraction.padEnd(digits, '0')}`);
  return Number.isSafeInteger(amount) ? amount : null;
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

/** All of it, for titles of shortened moments. */
export function formatMomentInFull(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], {
    dateStyle: 'full',
    timeStyle: 'long',
  }).format(new Date(iso));
}

/** Milliseconds in the unit that suits: `12 мс`, `3,4 с`, `5 мин`, `2 ч`. */
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

/** Bytes in the unit that suits: `812 байт`, `4,7 кБ`. */
export function formatSize(bytes: number, language: Language): string {
  const [value, unit] = bytes < 1_000 ? [bytes, 'byte'] : [bytes / 1_000, 'kilobyte'];
  return new Intl.NumberFormat(LOCALES[language], {
    style: 'unit',
    unit,
    unitDisplay: unit === 'byte' ? 'long' : 'short',
    maximumFractionDigits: value < 100 ? 1 : 0,
  }).format(value);
}

/** The beginning of an id, enough to tell two apart; the random end differs, the time does not. */
export function shortId(id: string): string {
  return id.length <= 12 ? id : `…${id.slice(-8)}`;
}
