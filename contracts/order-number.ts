// The short number of an order, for letters, screens and phone calls. Browsers load this module too,
// so it imports nothing.

// Crockford's Base32 has no I, L, O and U. https://www.crockford.com/base32.html
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 2020-01-01: since then 40 bits of milliseconds last until 2054. */
const EPOCH_MS = 1_577_836_800_000;
const LENGTH = 10;
const RANDOM_BITS = 10n;
/** Of the 12 random bits after the version digit, those that the number leaves out. */
const OMITTED_BITS = 2n;

/**
 * Ten digits such as `7K3QX-0M2RT`: the millisecond and ten random bits of a UUIDv7 (RFC 9562 section
 * 5.7). Two orders of one millisecond share a number once in a thousand times: it is not an identity,
 * and a search by it lists all its orders.
 * @returns null for an id that is no UUIDv7 of 2020 to 2054
 */
export function orderNumberOf(id: string): string | null {
  const hex = id.toLowerCase().replaceAll('-', '');
  if (!/^[0-9a-f]{12}7[0-9a-f]{19}$/.test(hex)) return null;
  const sinceEpoch = BigInt(`0x${hex.slice(0, 12)}`) - BigInt(EPOCH_MS);
  if (sinceEpoch < 0n || sinceEpoch >= 1n << 40n) return null;
  const random = BigInt(`0x${hex.slice(13, 16)}`) >> OMITTED_BITS;
  let rest = (sinceEpoch << RANDOM_BITS) | random;
  let text = '';
  for (let place = 0; place < LENGTH; place++) {
    text = DIGITS[Number(rest & 31n)] + text;
    rest >>= 5n;
  }
  return `${text.slice(0, 5)}-${text.slice(5)}`;
}

/** The first and the last id that a search compares with, both included. */
export interface IdRange {
  first: string;
  last: string;
}

/**
 * The ids that a number stands for. Takes it as people type it: in any case, with or without the
 * dash, `O` for 0, `I` and `L` for 1.
 * @returns null where the text is no such number
 */
export function idsOfNumber(text: string): IdRange | null {
  const typed = text.trim().toUpperCase().replace(/[\s-]/g, '');
  const digits = [...typed.replaceAll('O', '0').replace(/[IL]/g, '1')];
  if (digits.length !== LENGTH || !digits.every((digit) => DIGITS.includes(digit))) return null;
  const value = digits.reduce((sum, digit) => sum * 32n + BigInt(DIGITS.indexOf(digit)), 0n);
  const ms = ((value >> RANDOM_BITS) + BigInt(EPOCH_MS)).toString(16).padStart(12, '0');
  const random = (value & ((1n << RANDOM_BITS) - 1n)) << OMITTED_BITS;
  const head = (bits: bigint) => `${ms}7${bits.toString(16).padStart(3, '0')}`;
  return {
    first: uuidOf(`${head(random)}${'0'.repeat(16)}`),
    last: uuidOf(`${head(random | ((1n << OMITTED_BITS) - 1n))}${'f'.repeat(16)}`),
  };
}

const PREFIX_MIN = 8;

/**
 * The ids that begin with a text of 8 or more hexadecimal digits, with or without dashes.
 * @returns null where the text is no such beginning
 */
export function idsOfPrefix(text: string): IdRange | null {
  const hex = text.trim().toLowerCase().replaceAll('-', '');
  if (!/^[0-9a-f]*$/.test(hex) || hex.length < PREFIX_MIN || hex.length > 32) return null;
  return { first: uuidOf(hex.padEnd(32, '0')), last: uuidOf(hex.padEnd(32, 'f')) };
}

const uuidOf = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
