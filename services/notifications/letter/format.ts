import { moneyFormat } from '#contracts/currency.ts';
import { LINE_BREAKS } from '#contracts/patterns.ts';

// A memo of a pure function, not state: making a format costs more than the rest of a letter.
// A deployment usually has one currency; the limit keeps a topic with many from filling memory.
const moneyFormats = new Map<string, ReturnType<typeof moneyFormat>>();
const MONEY_FORMATS_MAX = 100;

/** An amount in minor units, as readers of this language write it. */
export function formatMoney(
  locale: string,
  { amount, currency }: { amount: number; currency: string },
): string {
  const key = `${locale} ${currency}`;
  let format = moneyFormats.get(key);
  if (format === undefined) {
    format = moneyFormat(locale, currency);
    if (moneyFormats.size < MONEY_FORMATS_MAX) moneyFormats.set(key, format);
  }
  return format(amount);
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
