import {
  createLocalJWKSet,
  errors,
  exportJWK,
  importPKCS8,
  type JSONWebKeySet,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
  SignJWT,
} from 'jose';
import { pemOf } from '../config/setting-formats.ts';
import { AppError, commonProblems } from '../errors.ts';

const ALGORITHM = 'EdDSA';
const TOKEN_LIFETIME_S = 300;
/** A token is replaced this long before it expires, so that none expires in transit. */
const RENEW_BEFORE_S = 60;
const VERIFIED_TOKENS_MAX = 1_000;
const KEPT_TOKENS_MAX = 100;
const TOKEN_LENGTH_MAX = 4_096;

/**
 * Creates the `Authorization` header for calls to one callee.
 * @param skewS how far the callee's clock is ahead of ours
 */
export type Credentials = (callee: string, skewS?: number) => Promise<string>;

/**
 * Credentials of a calling service (docs/reference/security.md): one short-lived token per callee,
 * signed with the service's Ed25519 key, reused while valid.
 * @param caller the service's name, the token's issuer and key id
 * @param privateKey PKCS#8 PEM; line breaks may be written as `\n`, as in environment files
 * @throws Error that names the caller when the key is malformed
 */
export async function createCredentials(caller: string, privateKey: string): Promise<Credentials> {
  const key = await importKey(caller, privateKey);
  const tokens = new Map<string, { header: string; renewAt: number }>();
  return async (callee, skewS = 0) => {
    const now = Math.floor(Date.now() / 1000) + skewS;
    const name = skewS === 0 ? callee : `${callee} ${skewS}`;
    const kept = tokens.get(name);
    if (kept !== undefined && kept.renewAt > now) return kept.header;
    const token = await new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM, kid: caller })
      .setIssuer(caller)
      .setAudience(callee)
      .setIssuedAt(now)
      .setExpirationTime(now + TOKEN_LIFETIME_S)
      .sign(key);
    const header = `Bearer ${token}`;
    if (tokens.size >= KEPT_TOKENS_MAX) tokens.clear();
    tokens.set(name, { header, renewAt: now + TOKEN_LIFETIME_S - RENEW_BEFORE_S });
    return header;
  };
}

async function importKey(caller: string, privateKey: string) {
  try {
    return await importPKCS8(pemOf(privateKey), ALGORITHM);
  } catch (cause) {
    throw new Error(`the private key of ${caller} is not an Ed25519 key in PKCS#8 PEM`, { cause });
  }
}

/** Returns the calling service of a request, or throws `unauthenticated`. */
export type CallerCheck = (authorization: string | undefined) => Promise<string>;

/**
 * Verifies service tokens for a callee, and caches verified ones until they expire.
 * @param callee the service's own name, which must be the token's audience
 * @param publicKeys JWKS; each key's `kid` is the name of the service that holds it. Several keys of
 *   one service are its old and its new one, and each is valid
 */
export function createCallerCheck(callee: string, publicKeys: JSONWebKeySet): CallerCheck {
  const verify = createVerifier(publicKeys);
  const verified = new Map<string, { caller: string; expiresAt: number }>();
  return async (authorization = '') => {
    const now = Date.now() / 1000;
    // By the whole header: callers of this thread give the same string, whose hash is known.
    const kept = verified.get(authorization);
    if (kept !== undefined && kept.expiresAt > now) return kept.caller;
    const token = /^Bearer ([\w.-]+)$/.exec(authorization)?.[1];
    if (token === undefined || token.length > TOKEN_LENGTH_MAX) {
      throw new AppError(commonProblems.unauthenticated, 'no service token');
    }
    try {
      const { payload, protectedHeader } = await verify(token, {
        algorithms: [ALGORITHM],
        audience: callee,
        requiredClaims: ['exp', 'iss'],
      });
      // A key is valid only for the service that it is registered for.
      if (payload.iss !== protectedHeader.kid) throw new Error('issuer is not the key holder');
      const caller = payload.iss as string;
      if (verified.size >= VERIFIED_TOKENS_MAX) verified.clear();
      verified.set(authorization, { caller, expiresAt: payload.exp as number });
      return caller;
    } catch (cause) {
      throw new AppError(commonProblems.unauthenticated, 'service token refused', { cause });
    }
  };
}

type Verifier = (token: string, options: JWTVerifyOptions) => Promise<JWTVerifyResult>;

/** Verifies a token by the keys of its `kid`, one after the other. */
function createVerifier(publicKeys: JSONWebKeySet): Verifier {
  const keys = createLocalJWKSet(publicKeys);
  return async (token, options) => {
    try {
      return await jwtVerify(token, keys, options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      for await (const key of error) {
        try {
          return await jwtVerify(token, key, options);
        } catch (fault) {
          if (!(fault instanceof errors.JWSSignatureVerificationFailed)) throw fault;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  };
}

/** The public key of a private key as an entry of a JWKS, whose `kid` is the holder. */
export async function publicKeyOf(
  caller: string,
  privateKey: string,
): Promise<JSONWebKeySet['keys'][0]> {
  const { d: _secret, ...jwk } = await exportJWK(
    await importPKCS8(privateKey, ALGORITHM, { extractable: true }),
  );
  return { ...jwk, kid: caller, alg: ALGORITHM, use: 'sig' };
}
