import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { TestContext } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { freePort } from '#dev/files/free-port.ts';

export type TestIssuer = Awaited<ReturnType<typeof startIssuer>>;

type Claims = Record<string, unknown>;

/** Seconds since 1970, as tokens have them. */
export function nowPlus(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

export const AUDIENCE = 'orderbell';

/** Starts an issuer that closes itself after the test. */
export async function startTestIssuer(t: TestContext): Promise<TestIssuer> {
  const issuer = await startIssuer();
  t.after(() => issuer.close());
  return issuer;
}

/**
 * Starts a small OpenID Connect issuer on a free port of 127.0.0.1, whose keys the caller holds; the
 * caller closes it.
 */
export async function startIssuer() {
  const pairs: Record<string, { privateKey: CryptoKey; alg: string }> = {};
  const jwks: Record<string, JWK> = {};
  for (const [kid, alg] of [
    ['rsa', 'RS256'],
    ['ed', 'EdDSA'],
  ] as const) {
    const { privateKey, publicKey } = await generateKeyPair(alg);
    pairs[kid] = { privateKey, alg };
    jwks[kid] = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  }
  let requests = 0;
  let server: Server | undefined;
  // Not port 0: while the issuer is away, the system could give that port to a connection.
  const port = await freePort();
  const url = () => `http://127.0.0.1:${port}`;

  /** Also again, where it listened before. */
  async function start(): Promise<void> {
    server = createServer((request, response) => {
      requests++;
      response.setHeader('content-type', 'application/json');
      if (request.url === '/.well-known/openid-configuration') {
        response.end(JSON.stringify({ issuer: url(), jwks_uri: `${url()}/keys` }));
      } else if (request.url === '/keys' || request.url === '/jwks') {
        response.end(JSON.stringify({ keys: Object.values(jwks) }));
      } else {
        response.writeHead(404).end();
      }
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  }

  async function close(): Promise<void> {
    const stopping = server;
    server = undefined;
    stopping?.closeAllConnections();
    await new Promise<void>((resolve) => (stopping ? stopping.close(() => resolve()) : resolve()));
  }

  await start();
  return {
    /** The `iss` of its tokens. */
    url: url(),
    /** Public keys as published, by kid: `rsa` and `ed`. */
    jwks,
    /** Requests seen so far. */
    get requests() {
      return requests;
    },
    /** Signs claims: they replace those of a good token, and undefined removes one. */
    async sign(claims: Claims = {}, header: Claims = {}): Promise<string> {
      const kid = String(header.kid ?? 'ed');
      const { privateKey, alg } = pairs[kid] ?? (pairs.ed as (typeof pairs)[string]);
      return new SignJWT({
        sub: 'somebody',
        iss: url(),
        aud: AUDIENCE,
        iat: nowPlus(0),
        exp: nowPlus(300),
        ...claims,
      })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey);
    },
    start,
    close,
  };
}
