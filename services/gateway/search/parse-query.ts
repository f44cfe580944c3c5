import { KNOWN_MAIL_ADDRESS, MAIL_ADDRESS_MAX } from '#contracts/mail-address.ts';
import { type IdRange, idsOfNumber, idsOfPrefix } from '#contracts/order-number.ts';
import { CUSTOMER_ID, STORED_UUID } from '#contracts/patterns.ts';

/** All that a text of the search may be. It is looked for as each. */
export interface ParsedQuery {
  /** UUIDs in it, in lower case: of orders, letters, operations or customers. */
  ids: string[];
  /** Whether the id is a part of a Message-ID. */
  isMessageId: boolean;
  /** Ranges of order ids. */
  ranges: { ids: IdRange; matched: 'order-id' | 'order-number' }[];
  /** Opaque, so that any text in one word may be one; with `ids`, without repetitions. */
  customerIds: string[];
  email: string | null;
  traceId: string | null;
}

// A link of ours has two at most: a wallet's customer and an operation.
const IDS_MAX = 3;

const IDS = new RegExp(`(?<![0-9a-z])${STORED_UUID}(?![0-9a-z])`, 'g');
const BARE_ID = /^[0-9a-f]{32}$/;
// RFC 5322 section 3.6.4, as the letters of notifications have it: the letter's id is on the left.
const MESSAGE_ID = new RegExp(`^<?${STORED_UUID}@[^\\s@<>]+>?$`);
// W3C Trace Context: the id alone, or the whole header.
const TRACE_ID = /^(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?$/;
// What screens and letters write before a number, and after an id that they cut.
const BEFORE_NUMBER = /^(?:№|no\.?(?=[\s\d])|#)\s*/i;
const CUT = /(?:…|\.\.\.)$/;
// With its dash a number is found in a longer text too, such as the subject of a letter.
const NUMBER_WITHIN = /(?<![\p{L}\p{N}-])[0-9a-z]{5}-[0-9a-z]{5}(?![\p{L}\p{N}-])/iu;
// As mail programs copy it: `mailto:anna@example.com`, `Anna <anna@example.com>`.
const COPIED_ADDRESS = /^(?:mailto:|[^<>]*<)([^<>]+?)>?$/i;

const WORD = new RegExp(CUSTOMER_ID);
const KNOWN_ADDRESS = new RegExp(KNOWN_MAIL_ADDRESS, 'u');

/**
 * What a pasted or typed text may name. Pure; it judges the form only, so `deadbeef` is the beginning
 * of an order's id and perhaps a customer.
 */
export function parseQuery(q: string): ParsedQuery {
  const text = q.trim();
  const lower = text.toLowerCase();
  const ids = [...new Set(lower.match(IDS) ?? [])].slice(0, IDS_MAX);
  const bare = BARE_ID.test(lower) ? idsOfPrefix(lower) : null;
  if (bare !== null) ids.push(bare.first);
  const isMessageId = MESSAGE_ID.test(lower);
  return {
    ids,
    isMessageId,
    ranges: rangesOf(text, ids),
    customerIds: [...new Set([...(WORD.test(text) ? [text] : []), ...ids])],
    email: isMessageId && text.startsWith('<') ? null : addressIn(text),
    traceId: TRACE_ID.exec(lower)?.[1] ?? null,
  };
}

function addressIn(text: string): string | null {
  const address = COPIED_ADDRESS.exec(text)?.[1] ?? text;
  return address.length <= MAIL_ADDRESS_MAX && KNOWN_ADDRESS.test(address) ? address : null;
}

function rangesOf(text: string, ids: string[]): ParsedQuery['ranges'] {
  const whole = ids.map((id) => ({
    ids: { first: id, last: id },
    matched: 'order-id' as const,
  }));
  if (ids.length > 0) return whole;
  const [within = ''] = NUMBER_WITHIN.exec(text) ?? [];
  const number = idsOfNumber(text.replace(BEFORE_NUMBER, '')) ?? idsOfNumber(within);
  const prefix = idsOfPrefix(text.replace(CUT, ''));
  return [
    ...(number === null ? [] : [{ ids: number, matched: 'order-number' as const }]),
    ...(prefix === null ? [] : [{ ids: prefix, matched: 'order-id' as const }]),
  ];
}
