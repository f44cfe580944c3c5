import { MONEY_LOCALES, MONEY_LOOK, moneyFormat } from '#contracts/currency.ts';
import { LINE_BREAKS } from '#contracts/patterns.ts';
import { isTimeZone } from '#platform/values/time-zone.ts';

// A memo of a pure function, not state: making a format costs more than the rest of a letter.
// A deployment usually has one currency; the limit keeps a topic with many from filling memory.
const moneyFormats = new Map<string, ReturnType<typeof moneyFormat>>();
const MONEY_FORMATS_MAX = 100;

// Also a memo: the same goods are in many orders, and each has two amounts.
const prices = new Map<string, string>();
const PRICES_MAX = 5_000;

interface Amount {
  amount: number;
  currency: string;
}

/** An amount in minor units, as letters of template version 1 write it. */
export function formatMoney(locale: string, { amount, currency }: Amount): string {
  return memoized(`${locale} ${currency}`, () => moneyFormat(locale, currency))(amount);
}

/** An amount in minor units, as the console shows it. */
export function formatPrice(locale: 'ru' | 'en', { amount, currency }: Amount): string {
  const key = `${locale} ${currency} ${amount}`;
  const known = prices.get(key);
  if (known !== undefined) return known;
  const make = () => moneyFormat(MONEY_LOCALES[locale], currency, MONEY_LOOK);
  // The code of an unknown currency is shown as it is.
  const text = plainLine(memoized(`${locale} ${currency} price`, make)(amount));
  if (prices.size >= PRICES_MAX) prices.clear();
  prices.set(key, text);
  return text;
}

function memoized(key: string, make: () => ReturnType<typeof moneyFormat>) {
  const known = moneyFormats.get(key);
  if (known !== undefined) return known;
  const format = make();
  if (moneyFormats.size < MONEY_FORMATS_MAX) moneyFormats.set(key, format);
  return format;
}

// Built once: making one costs 170 µs, three times the rest of a letter. In UTC, and marked so,
// because the customer's time zone is not known here.
const MOMENT_OPTIONS = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' } as const;
export const RUSSIAN_MOMENT = momentFormat(new Intl.DateTimeFormat('ru-RU', MOMENT_OPTIONS));
export const ENGLISH_MOMENT = momentFormat(new Intl.DateTimeFormat('en-GB', MOMENT_OPTIONS));

export interface MomentFormat {
  format: Intl.DateTimeFormat;
  /** A memo of a pure function: letters that are sent together were mostly decided together. */
  last: { minute: number; text: string };
}

function momentFormat(format: Intl.DateTimeFormat): MomentFormat {
  return { format, last: { minute: Number.NaN, text: '' } };
}

/** RFC 3339 in words, to the minute. @throws RangeError for a malformed moment */
export function formatMoment(moments: MomentFormat, moment: string): string {
  const date = new Date(moment);
  const minute = Math.floor(date.getTime() / 60_000);
  if (minute !== moments.last.minute) {
    moments.last = { minute, text: `${moments.format.format(date)} (UTC)` };
  }
  return moments.last.text;
}

const UTC = 'UTC';
const ZONE_LOCALES = { ru: 'ru-RU', en: 'en-GB' } as const;

interface ZoneFormat {
  moment: Intl.DateTimeFormat;
  zone: Intl.DateTimeFormat;
  last: { minute: number; text: string };
}

// A memo of a pure function. Customers of one shop live in few zones; the oldest entry goes first.
const zoneFormats = new Map<string, ZoneFormat>();
const ZONE_FORMATS_MAX = 64;

/**
 * RFC 3339 in words, to the minute, by a customer's clock: `5 March 2026 at 14:07 (Yekaterinburg
 * Standard Time)`. The name of the zone says whether it is summer time.
 * @param timeZone of IANA; UTC where it is null, or one that this machine does not know
 * @throws RangeError for a malformed moment
 */
export function formatLocalMoment(
  locale: 'ru' | 'en',
  timeZone: string | null,
  moment: string,
): string {
  const date = new Date(moment);
  const format = zoneFormatOf(locale, timeZone ?? UTC);
  const minute = Math.floor(date.getTime() / 60_000);
  if (minute !== format.last.minute) {
    const text = `${format.moment.format(date)} (${zoneNameOf(format, date)})`;
    format.last = { minute, text };
  }
  return format.last.text;
}

function zoneNameOf({ zone }: ZoneFormat, date: Date): string {
  if (zone.resolvedOptions().timeZone === UTC) return UTC;
  return zone.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? UTC;
}

function zoneFormatOf(locale: 'ru' | 'en', timeZone: string): ZoneFormat {
  const key = `${locale} ${timeZone}`;
  const known = zoneFormats.get(key);
  if (known !== undefined) return known;
  const language = ZONE_LOCALES[locale];
  const zone = isTimeZone(timeZone) ? timeZone : UTC;
  const format = {
    moment: new Intl.DateTimeFormat(language, { ...MOMENT_OPTIONS, timeZone: zone }),
    zone: new Intl.DateTimeFormat(language, { timeZone: zone, timeZoneName: 'long' }),
    last: { minute: Number.NaN, text: '' },
  };
  if (zoneFormats.size >= ZONE_FORMATS_MAX) {
    const [oldest] = zoneFormats.keys();
    zoneFormats.delete(oldest as string);
  }
  zoneFormats.set(key, format);
  return format;
}

// Line breaks and other controls could start a header or a line of their own; bidi controls could
// turn the rest of the letter around.
const BIDI_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;

/** A value as one line of visible text. */
export function plainLine(value: string): string {
  return value
    .toWellFormed()
    .replace(BIDI_CONTROLS, '')
    .replace(LINE_BREAKS, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
}
