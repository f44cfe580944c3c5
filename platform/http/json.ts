import { AppError, commonProblems } from '../errors.ts';
import { shapeFault } from './json-shape.ts';

// TypeScript's library does not know the third argument yet (ECMAScript: source text access).
type Reviver = (this: unknown, key: string, value: unknown) => unknown;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// Literals that JSON.parse may round: a fraction, an exponent, or more digits than a double has. A
// number is at the start or after one of three characters; without them many UUIDs would match. A
// match inside a string only costs the slower parse.
const SUSPICIOUS_NUMBER = /(?:^|[[,:])\s*-?(?:\d+[.eE]|\d{16})/;

/**
 * Parses a request body: UTF-8 (RFC 8259 section 8.1), and never rounds a number. A literal that a
 * double cannot represent exactly becomes NaN, which every numeric schema refuses at its pointer.
 * @throws AppError `invalid-request` when it is not UTF-8 or not JSON, or deeper or wider than any
 */
export function parseJson(body: Buffer): unknown {
  const fault = shapeFault(body);
  if (fault !== undefined) {
    throw new AppError(commonProblems.invalidRequest, 'body is too deep or too wide', {
      violations: [{ pointer: '', ...fault }],
    });
  }
  try {
    const text = utf8.decode(body);
    return SUSPICIOUS_NUMBER.test(text)
      ? JSON.parse(text, exactNumber as Reviver)
      : JSON.parse(text);
  } catch (error) {
    throw new AppError(commonProblems.invalidRequest, 'body is not JSON', {
      cause: error,
      violations: [{ pointer: '', rule: 'json' }],
    });
  }
}

function exactNumber(_key: string, value: unknown, context: { source: string }): unknown {
  if (typeof value !== 'number') return value;
  return sameNumber(context.source, value) ? value : Number.NaN;
}

/** Whether a JSON number literal and a double are equal, compared in decimal. */
function sameNumber(literal: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  // Above this, adjacent integers share a double, so that equal digits prove nothing.
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return false;
  return decimalForm(literal) === decimalForm(String(value));
}

/** Sign, significant digits and exponent of a decimal literal, so that 1e2, 100 and 100.0 agree. */
function decimalForm(literal: string): string {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e');
  const negative = mantissa.startsWith('-');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = withoutZerosAtEnd(digits);
  if (significant === '') return '0';
  const power =
    BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${negative ? '-' : ''}${significant}e${power}`;
}

/** Without `/0+$/`, which takes quadratic time for a run of zeros: seconds for a body of 64 KiB. */
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
