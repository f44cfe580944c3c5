// Forms of texts that services, clients and cursors check. Browsers load this module too, so it
// imports nothing.

const uuidOf = (digit: string) => `${digit}{8}-(${digit}{4}-){3}${digit}{12}`;

/** A UUID as callers may write it, in any case. */
export const UUID_PATTERN = `^${uuidOf('[0-9a-fA-F]')}$`;
/** The same, compiled. */
export const UUID = new RegExp(UUID_PATTERN);
/** A UUID as PostgreSQL writes it and as cursors hold it: in lower case, without anchors. */
export const STORED_UUID = uuidOf('[0-9a-f]');

/** The key inside a cursor of a list that goes by UUID. Its first group is the id. */
export function uuidCursor(list: string): RegExp {
  return new RegExp(`^${list}:(${STORED_UUID})$`);
}

/** 1 to `maxLength` visible ASCII characters: a header carries them without encoding. */
export function visibleAscii(maxLength: number): string {
  return `^[\\x21-\\x7e]{1,${maxLength}}$`;
}

/** A customer id: the token's `sub`, opaque. */
export const CUSTOMER_ID = visibleAscii(255);
export const IDEMPOTENCY_KEY = visibleAscii(255);

const QUOTED_KEY = '"(?:[\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\["\\\\]){1,255}"';
/**
 * The header: a key as it is, or as a string of RFC 8941 section 3.3.3. A key that begins with a quote
 * and is no such string is taken as it is, as 0.1.0 does.
 */
export const IDEMPOTENCY_KEY_HEADER = `^(?:[\\x21-\\x7e]{1,255}|${QUOTED_KEY})$`;
const QUOTED = new RegExp(`^${QUOTED_KEY}$`);
/** The longest text of the header that former versions took. */
export const SENT_KEY_MAX = 255;

/**
 * The key that a text of the header names: `"abc"` and `abc` are the same one. A key that would be
 * such a string itself is taken as it is, because former versions stored `"abc"` with its quotes.
 */
export function bareKeyOf(text: string): string {
  if (!QUOTED.test(text)) return text;
  const key = text.slice(1, -1).replace(/\\(["\\])/g, '$1');
  return QUOTED.test(key) && text.length <= SENT_KEY_MAX ? text : key;
}

// Control characters, line and paragraph separators: they would break a line of a letter, a log or
// a terminal. Spelled as ranges, which every regular expression dialect knows.
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029';

/** One line of plain text, without lone surrogates. */
export const PLAIN_TEXT = `^[^${CONTROLS}\\ud800-\\udfff]*$`;

/** Every run of characters that breaks a line, for `replace`. */
export const LINE_BREAKS = new RegExp(`[${CONTROLS}]+`, 'g');

// White space and characters without a glyph: soft hyphen, joiners, direction marks, fillers,
// noncharacters. Accents and other marks that combine with any letter need one to be a text.
const INVISIBLE =
  '\\s\\u00ad\\u0300-\\u036f\\u0483-\\u0489\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f' +
  '\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u20d0-\\u20ff' +
  '\\u2800\\u3164\\ufdd0-\\ufdef\\ufe00-\\ufe0f\\ufe20-\\ufe2f\\ufeff\\uffa0\\ufff0-\\ufffb' +
  '\\ufffe\\uffff' +
  // Not as escapes: dialects spell those beyond four digits in different ways.
  '\u{13430}-\u{13440}\u{1bca0}-\u{1bca3}\u{1d159}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}';

/** One line of plain text with at least one visible character. */
export const VISIBLE_TEXT = `^(?=.*[^${INVISIBLE}])${PLAIN_TEXT.slice(1)}`;

/** A text without a visible character, compiled. */
export const BLANK = new RegExp(`^[${INVISIBLE}]*$`, 'u');

/** The longest reason that an operator gives for a reversal or a repair. */
export const REASON_MAX = 200;
