import {
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import { CUSTOMER_ID, UUID } from '#contracts/patterns.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { challenge } from './challenge.ts';
import { isTokenFault } from './issuer-keys.ts';
import { ALGORITHMS } from './usable-keys.ts';

/** The owner of a verified access token. */
export interface Customer {
  /** The token's `sub`, verbatim. */
  customerId: string;
  operator: boolean;
  /** The session of the token at identity; absent in tokens of earlier versions. */
  sessionId?: string;
  claims: JWTPayload;
}

/** Verifies an `Authorization` header, or throws `unauthenticated`. */
export type TokenCheck = (authorization: string | undefined) => Promise<Customer>;

export interface TokenCheckOptions {
  issuer: string;
  audience: string;
  /** The issuer's public keys (`issuer-keys.ts`). */
  keys: JWTVerifyGetKey;
  /** Accepted `typ` headers in lower case; `none` accepts a token without one. */
  types: string[];
  /** Path of the claim that makes an operator, such as `scope` or `realm_access.roles`. */
  operatorClaim: string;
  operatorValue: string;
  /** Whether a session has ended, so that its tokens are refused before they expire. */
  isEnded?: (sessionId: string) => boolean;
  /** Hears why a token with a good signature is refused: a setting here or at the issuer is wrong. */
  onMismatch?: (reason: string) => void;
}

const CLOCK_SKEW_S = 5;
const TOKEN_LENGTH_MAX = 8_192;
const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;
/** One token, of any form (RFC 6750 section 2.1). */
const ANY_TOKEN = /^Bearer +[\w.~+/-]+=*$/i;
const SCHEME = /^Bearer(?: |$)/i;
const SUBJECT = new RegExp(CUSTOMER_ID);
// A verified token is accepted no longer without a new check (docs/reference/security.md).
const CACHE_MS = 60_000;
const CACHE_MAX = 20_000;
const SHOWN_MAX = 200;

/** Payload types of Keycloak's tokens that are no access tokens; its access tokens say Bearer. */
const OTHER_TYPES = ['id', 'refresh', 'offline', 'logout'];

/**
 * Checks access tokens (docs/reference/security.md): signature by the issuer's published keys, `iss`, `aud`,
 * `exp`, `nbf`, `sub`, `typ`. Verified tokens are remembered for a minute at most.
 */
export function createTokenCheck(options: TokenCheckOptions): TokenCheck {
  const verified = new Map<string, { customer: Customer; until: number }>();
  const going = (customer: Customer): Customer => {
    const { sessionId } = customer;
    if (sessionId !== undefined && options.isEnded?.(sessionId) === true) {
      throw refused('the session has ended');
    }
    return customer;
  };
  return async (authorization = '') => {
    // By the whole header: no expression runs over a token that is known.
    const kept = verified.get(authorization);
    if (kept !== undefined && kept.until > Date.now()) return going(kept.customer);
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined || token.length > TOKEN_LENGTH_MAX) throw unusable(authorization);

    let result: JWTVerifyResult;
    try {
      result = await jwtVerify(token, options.keys, {
        issuer: options.issuer,
        audience: options.audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_SKEW_S,
      });
    } catch (cause) {
      const mismatch = claimMismatch(cause, options);
      if (mismatch !== null) options.onMismatch?.(mismatch);
      throw isTokenFault(cause) ? refused('token refused', cause) : keysUnavailable(cause);
    }
    const customer = customerOf(result, options);
    if (verified.size >= CACHE_MAX) verified.delete(verified.keys().next().value as string);
    const expiresAt = (result.payload.exp as number) * 1000;
    verified.set(authorization, { customer, until: Math.min(expiresAt, Date.now() + CACHE_MS) });
    return going(customer);
  };
}

function customerOf(
  { payload, protectedHeader }: JWTVerifyResult,
  options: TokenCheckOptions,
): Customer {
  // jose checks that these are there, not that they are text: its types promise more than it does.
  const { typ = 'none' }: { typ?: unknown } = protectedHeader;
  const { sub }: { sub?: unknown } = payload;
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : '';
  if (!options.types.includes(type)) {
    options.onMismatch?.(`its header typ is ${shown(typ)}, which TOKEN_TYPES does not list`);
    throw refused('the token type is not accepted');
  }
  const other = otherKindOf(payload);
  if (other !== null) throw refused(`it is no access token: ${other}`);
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) {
    throw refused('the subject is not 1 to 255 visible characters');
  }
  return {
    customerId: sub,
    operator: hasValue(payload, options.operatorClaim, options.operatorValue),
    // Only identity's: what an external issuer calls a session cannot be ended here.
    ...(options.isEnded !== undefined &&
      typeof payload.sid === 'string' &&
      UUID.test(payload.sid) && { sessionId: payload.sid }),
    claims: payload,
  };
}

/** What to compare when the issuer signed a token for somebody else. The rest is not a setting. */
function claimMismatch(cause: unknown, { audience, issuer }: TokenCheckOptions): string | null {
  if (!(cause instanceof errors.JWTClaimValidationFailed)) return null;
  const { claim, payload } = cause;
  if (claim === 'aud')
    return `its aud is ${shown(payload.aud)}, and OIDC_AUDIENCE is "${audience}"`;
  if (claim === 'iss') return `its iss is ${shown(payload.iss)}, and OIDC_ISSUER is "${issuer}"`;
  return null;
}

function shown(claim: unknown): string {
  return claim === undefined ? 'missing' : JSON.stringify(claim).slice(0, SHOWN_MAX);
}

/**
 * Recognises the issuer's other tokens, which may carry our audience and have the header of access
 * tokens: ID tokens (OpenID Connect Core section 2), refresh and logout tokens.
 * @returns the sign of another token, or null
 */
function otherKindOf(payload: JWTPayload): string | null {
  const type = typeof payload.typ === 'string' ? payload.typ.toLowerCase() : '';
  if (OTHER_TYPES.includes(type)) return `its payload has the type ${payload.typ}`;
  // Amazon Cognito's name for the type.
  if (payload.token_use === 'id') return 'it is for the use as an ID token';
  for (const name of ['at_hash', 'c_hash', 's_hash']) {
    if (name in payload) return `it has ${name}, as ID tokens have`;
  }
  // Keycloak before 24 writes the nonce into access tokens, too.
  if ('nonce' in payload && type !== 'bearer') return 'it has a nonce, as ID tokens have';
  const { events } = payload;
  return typeof events === 'object' && events !== null && !Array.isArray(events)
    ? 'it has events, as logout tokens have'
    : null;
}

/** Looks a claim up by its path; it may be a list or words separated by spaces (RFC 8693). */
function hasValue(payload: JWTPayload, path: string, value: string): boolean {
  let claim: unknown = payload;
  for (const name of path.split('.')) {
    if (typeof claim !== 'object' || claim === null) return false;
    claim = (claim as Record<string, unknown>)[name];
  }
  const values = typeof claim === 'string' ? claim.split(' ') : claim;
  return Array.isArray(values) && values.includes(value);
}

/** An `Authorization` without a token that could be verified. */
function unusable(authorization: string): AppError {
  // Nothing, or another scheme: RFC 6750 section 3.1 names no error then.
  if (!SCHEME.test(authorization)) {
    return new AppError(commonProblems.unauthenticated, 'no bearer token');
  }
  if (ANY_TOKEN.test(authorization)) return refused('it is no JSON Web Token');
  return new AppError(commonProblems.unauthenticated, 'malformed Authorization', {
    headers: challenge('invalid_request', 'Authorization must be Bearer and one token'),
  });
}

function refused(message: string, cause?: unknown): AppError {
  const isExpired = cause instanceof errors.JWTExpired;
  return new AppError(commonProblems.unauthenticated, message, {
    cause,
    headers: challenge(
      'invalid_token',
      isExpired ? 'The access token has expired' : 'The access token is not valid, or was revoked',
    ),
  });
}

function keysUnavailable(cause: unknown): AppError {
  return new AppError(commonProblems.unavailable, "the issuer's keys cannot be read", { cause });
}
