import type { Money } from '#contracts/common.ts';
import { MONEY_LOCALES, MONEY_LOOK, minorUnitDigits, moneyFormat } from '#contracts/currency.ts';

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

/** An amount as `parseAmount` reads it, for a field to begin with: `600.5`, `1000`. */
export function amountToType({ amount, currency }: Money): string {
  const digits = minorUnitDigits(currency) ?? 0;
  const text = String(amount).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const fraction = text.slice(whole.length).replace(/0+$/, '');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

const DAY_MS = 86_400_000;

/** Of today only the time; of this year without the year. Otherwise a bare time misleads. */
export function formatMoment(iso: string, language: Language, now: number): string {
  const date = new Date(iso);
  return new Intl.DateTimeFormat(LOCALES[language], {
    ...dateParts(date, new Date(now)),
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(date);
}

/** From one moment to another, as `10:02 – 11:40`; with dates where one of them is not today. */
export function formatPeriod(from: string, to: string, language: Language, now: number): string {
  const [start, end, today] = [new Date(from), new Date(to), new Date(now)];
  return new Intl.DateTimeFormat(LOCALES[language], {
    ...dateParts(end, today),
    ...dateParts(start, today),
    hour: '2-digit',
    minute: '2-digit',
  }).formatRange(start, end);
}

function dateParts(date: Date, today: Date): Intl.DateTimeFormatOptions {
  if (date.toDateString() === today.toDateString()) return {};
  const sameYear = date.getFullYear() === today.getFullYear();
  return { day: 'numeric', month: 'short', ...(!sameYear && { year: 'numeric' }) };
}

/** The date and time to the millisecond with the zone, to compare with logs. */
export function formatMomentExactly(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    timeZoneName: 'short',
  }).format(new Date(iso));
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
  return size < DAY_MS ? [ms / 3_600_000, 'hour', 1] : [ms / DAY_MS, 'day', 1];
}

/** What is left, to the second: `42 с`, `9:59`, `1:09:59`. */
export function formatCountdown(ms: number, language: Language): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return formatDuration(seconds * 1_000, language);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

export function formatNumber(value: number, language: Language): string {
  return new Intl.NumberFormat(LOCALES[language], { maximumFractionDigits: 1 }).format(value);
}

/** `1, 2 и 3`. */
export function formatList(parts: string[], language: Language): string {
  return new Intl.ListFormat(LOCALES[language]).format(parts);
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
