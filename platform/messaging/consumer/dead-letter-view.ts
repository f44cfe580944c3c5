import { maskAddresses } from '../../values/mask-addresses.ts';
import type { DeadLetterExcerpt, DeadLetterState } from './dead-letter-store.ts';

// A page has a hundred of them, and its answer should stay near 1 MB.
const KEY_MAX = 1_000;
const VALUE_MAX = 4_096;
const HEADERS_MAX = 50;
const HEADER_NAME_MAX = 200;
const HEADER_VALUE_MAX = 1_000;
/** Of all headers together, names and values. */
const HEADERS_CHARACTERS_MAX = 4_096;

const UTF8_BYTES_MAX = 4;
/** `\u0000` is the longest form of a character within a JSON string. */
const ESCAPE_CHARACTERS_MAX = 6;
const QUOTE = 1;

/**
 * How much of a dead letter is read to show it, at the most bytes that its characters may have: a
 * message may have 1 MB.
 */
export const EXCERPT = {
  keyBytes: KEY_MAX * UTF8_BYTES_MAX,
  valueBytes: VALUE_MAX * UTF8_BYTES_MAX,
  headers: HEADERS_MAX,
  /** Of a header's name and of its base64 value, as the JSON text that the row keeps. */
  nameCharacters: QUOTE + HEADER_NAME_MAX * ESCAPE_CHARACTERS_MAX,
  base64Characters: QUOTE + Math.ceil((HEADER_VALUE_MAX * UTF8_BYTES_MAX) / 3) * 4,
};

/** A dead letter as the API shows it, long texts cut; bytes that are no UTF-8 show as U+FFFD. */
export function deadLetterOf(row: DeadLetterExcerpt) {
  return {
    id: row.id,
    state: stateOf(row),
    topic: row.topic,
    partition: row.partition,
    offset: Number(row.offset),
    key: row.key === null ? null : cut(row.key.toString(), KEY_MAX),
    value: row.value === null ? null : cut(row.value.toString(), VALUE_MAX),
    headers: headersOf(row),
    error: row.error,
    redrives: row.redrives,
    createdAt: row.created_at.toISOString(),
    redrivenAt: row.discarded_at === null ? (row.redriven_at?.toISOString() ?? null) : null,
    discarded: discardOf(row),
  };
}

function stateOf({ redriven_at, discarded_at }: DeadLetterExcerpt): DeadLetterState {
  if (discarded_at !== null) return 'discarded';
  return redriven_at === null ? 'dead' : 'redriven';
}

function discardOf({ discarded_at, discarded_by, discard_reason }: DeadLetterExcerpt) {
  if (discarded_at === null) return null;
  return {
    at: discarded_at.toISOString(),
    actor: discarded_by ?? '',
    reason: discard_reason ?? '',
  };
}

/** A message that could not be stored, as the API shows it. */
export type DeadLetter = ReturnType<typeof deadLetterOf>;

/** The same with every address masked, for the operator. */
export function maskedDeadLetter(dead: DeadLetter): DeadLetter {
  return {
    ...dead,
    key: dead.key === null ? null : maskAddresses(dead.key),
    value: dead.value === null ? null : maskAddresses(dead.value),
    headers: dead.headers.map(({ name, value }) => ({ name, value: maskAddresses(value) })),
    error: maskAddresses(dead.error),
  };
}

function headersOf(row: DeadLetterExcerpt) {
  const headers: { name: string; value: string }[] = [];
  let left = HEADERS_CHARACTERS_MAX;
  for (const [rawName, rawValue] of row.headers) {
    if (left === 0) break;
    const name = cut(beginningOf(rawName), Math.min(left, HEADER_NAME_MAX));
    left -= name.length;
    const bytes = Buffer.from(rawValue.replaceAll('"', ''), 'base64');
    const value = cut(bytes.toString(), Math.min(left, HEADER_VALUE_MAX));
    left -= value.length;
    headers.push({ name, value });
  }
  return headers;
}

/** The text of a JSON string whose end may be missing. */
function beginningOf(raw: string): string {
  const whole = raw.endsWith('"') && raw.length > 1 ? raw.slice(0, -1) : raw;
  // If the cut split an escape sequence, removes its rest too.
  for (let end = whole.length; end > whole.length - ESCAPE_CHARACTERS_MAX; end--) {
    try {
      return JSON.parse(`${whole.slice(0, end)}"`);
    } catch {
      // one character less
    }
  }
  return '';
}

/** A cut between the halves of a character leaves U+FFFD. */
function cut(text: string, characters: number): string {
  return text.slice(0, characters).toWellFormed();
}
