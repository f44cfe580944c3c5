import { createPublicKey } from 'node:crypto';
import type { JSONWebKeySet, JWK } from 'jose';

/**
 * Signature algorithms of access tokens. Asymmetric only: with a shared secret, anybody who checks
 * tokens could make them, and a public key could be taken for the secret.
 */
export const ALGORITHMS =
  'EdDSA Ed25519 ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512'.split(' ');

// NIST SP 800-131A; jose refuses shorter ones at each token.
const RSA_BITS_MIN = 2_048;
// A check by a longer key takes milliseconds of a core.
const RSA_BITS_MAX = 8_192;
const CURVES: Record<string, string[]> = { EC: ['P-256', 'P-384', 'P-521'], OKP: ['Ed25519'] };
const MEMBERS = ['kty', 'kid', 'use', 'alg', 'n', 'e', 'crv', 'x', 'y'];
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
// Issuers publish a handful.
const KEYS_MAX = 100;
const LINES_MAX = 100;
const SHOWN_MAX = 80;

export interface UsableKeys {
  keys: JSONWebKeySet;
  /** A line for each key that is left out, with the reason. */
  skipped: string[];
}

/**
 * Leaves out the keys of a set that cannot prove a token, so that one bad key harms no token of the
 * others.
 * @param set as it was published, of any content
 */
export function usableKeysOf({ keys }: { keys: unknown[] }): UsableKeys {
  const usable: JWK[] = [];
  const skipped: string[] = [];
  let unnamed = 0;
  for (const [index, key] of keys.entries()) {
    const fault =
      usable.length === KEYS_MAX
        ? `comes after ${KEYS_MAX} good ones`
        : (faultIn(key) ?? duplicateFault(key as JWK, usable));
    if (fault === null) usable.push(asPublished(key as JWK));
    else if (skipped.length < LINES_MAX) skipped.push(`${nameOf(key, index)} ${fault}`);
    else unnamed++;
  }
  if (unnamed > 0) skipped.push(`set has ${unnamed} more such keys`);
  return { keys: { keys: usable as JSONWebKeySet['keys'] }, skipped };
}

/**
 * What is checked here, and nothing else: of other members an import may choke on any, such as
 * `key_ops` of a public key that name what only its private one can do.
 */
function asPublished(key: JWK): JWK {
  const known = Object.entries(key).filter(([name]) => MEMBERS.includes(name));
  const operations = key.key_ops === undefined ? {} : { key_ops: ['verify'] };
  return { ...(Object.fromEntries(known) as unknown as JWK), ...operations };
}

/** Like `faultOf`, for content that has no text, such as lists that are nested too deep. */
function faultIn(key: unknown): string | null {
  try {
    return faultOf(key);
  } catch {
    return 'is malformed';
  }
}

function nameOf(key: unknown, index: number): string {
  const { kid } = (key ?? {}) as { kid?: unknown };
  return typeof kid === 'string' ? `key ${shown(kid)}` : `key number ${index + 1}`;
}

const shown = (value: unknown): string => String(JSON.stringify(value)).slice(0, SHOWN_MAX);

function faultOf(key: unknown): string | null {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return 'is no JSON Web Key';
  const { kty, crv, use, alg, key_ops: operations, kid } = key as Record<string, unknown>;
  if (typeof kty !== 'string') return 'has no kty';
  if (kty === 'oct') return 'is symmetric: every reader of it could sign tokens';
  if (!['RSA', 'EC', 'OKP'].includes(kty)) return `has the unknown kty ${shown(kty)}`;
  if (PRIVATE_MEMBERS.some((name) => name in key)) {
    return 'is published with its private part: everybody could sign tokens. Replace it at the issuer';
  }
  if (kid !== undefined && typeof kid !== 'string') return 'has a kid that is no text';
  if (use !== undefined && use !== 'sig') return `has the use ${shown(use)}, not sig`;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return 'has key_ops without verify';
  }
  if (alg !== undefined && !(typeof alg === 'string' && ALGORITHMS.includes(alg))) {
    return `has the alg ${shown(alg)}, which access tokens may not have`;
  }
  if (kty !== 'RSA' && !CURVES[kty]?.some((name) => name === crv))
    return `has the crv ${shown(crv)}`;
  return materialFault(key as JWK);
}

/** Looks at its numbers: a key may lack members, or hold a point that is not on the curve. */
function materialFault(key: JWK): string | null {
  const { kty, n, e, crv, x, y } = key;
  const members = { RSA: { kty, n, e }, EC: { kty, crv, x, y }, OKP: { kty, crv, x } }[
    kty as 'RSA'
  ];
  const missing = Object.entries(members).find(([, value]) => typeof value !== 'string');
  if (missing !== undefined) return `has no ${missing[0]}`;
  let bits: number | undefined;
  try {
    const known = createPublicKey({ key: members as never, format: 'jwk' });
    bits = known.asymmetricKeyDetails?.modulusLength;
  } catch {
    return 'is broken: its numbers are no key';
  }
  if (bits === undefined) return null;
  if (bits < RSA_BITS_MIN) return `is weak: RSA of ${bits} bits, and ${RSA_BITS_MIN} are needed`;
  if (bits > RSA_BITS_MAX) return `has ${bits} bits, above ${RSA_BITS_MAX}`;
  const exponent = BigInt(`0x${Buffer.from(e as string, 'base64url').toString('hex')}`);
  return exponent < 3n || exponent % 2n === 0n ? 'is weak: its exponent e proves nothing' : null;
}

/** Of two keys with one kid, it is unknown which of them a token means: the first one counts. */
function duplicateFault({ kty, kid }: JWK, usable: JWK[]): string | null {
  if (kid === undefined) return null;
  const same = usable.some((one) => one.kty === kty && one.kid === kid);
  return same ? 'has the kid of an earlier key' : null;
}
