import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { isTamperProof } from '#platform/config/setting-formats.ts';

const JWKS_TIMEOUT_MS = 3_000;

/**
 * The keys that an issuer publishes. They are read when needed, kept for ten minutes and, while
 * the issuer is away, beyond that: its absence must not sign everybody out. An unknown key id
 * makes them be read again, at most every 30 s (jose's defaults).
 * @param locate where the keys are, on each replica of the issuer
 */
export function createIssuerKeys(locate: () => Promise<URL[]>): JWTVerifyGetKey {
  let sources: ReturnType<typeof createRemoteJWKSet>[] | undefined;
  return async (header, token) => {
    sources ??= (await locate()).map((url) =>
      createRemoteJWKSet(url, { timeoutDuration: JWKS_TIMEOUT_MS }),
    );
    let lastError: unknown;
    for (const source of sources) {
      try {
        return await source(header, token);
      } catch (error) {
        if (isTokenFault(error)) throw error;
        lastError = error;
      }
    }
    for (const source of sources) {
      const kept = source.jwks();
      if (kept === undefined) continue;
      try {
        return await createLocalJWKSet(kept)(header, token);
      } catch {
        // Not among the known keys. Whether it is a new one only the issuer knows.
      }
    }
    throw lastError;
  };
}

/** True when the token is invalid, false when its keys could not be read. */
export function isTokenFault(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC';
}

/**
 * The key address that an OpenID Connect issuer publishes.
 * @param issuer https, or http on this machine only
 * @throws Error when the document is missing, foreign or malformed
 */
export async function discoverKeys(issuer: string): Promise<URL> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(address, {
    redirect: 'error',
    signal: AbortSignal.timeout(JWKS_TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  const document = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
  // OpenID Connect Discovery section 4.3: the document must name the very issuer.
  if (document.issuer !== issuer) throw new Error(`${address} belongs to another issuer`);
  if (typeof document.jwks_uri !== 'string') throw new Error(`${address} has no jwks_uri`);
  return checkedUrl(document.jwks_uri);
}

/** @throws Error for http to another machine: an attacker in between could replace the keys */
export function checkedUrl(text: string): URL {
  const url = new URL(text);
  if (isTamperProof(url)) return url;
  throw new Error(`${text}: only https, or http on loopback`);
}
