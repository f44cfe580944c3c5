import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A small OpenID Connect issuer on 127.0.0.1 whose keys the caller holds. */
export interface TestIssuer {
  /** The `iss` of its tokens. */
  url: string;
  /** Public keys as published, by kid: `rsa` and `ed`. */
  jwks: Record<string, JWK>;
  /** Requests seen so far. */
  readonly requests: number;
  /** Signs claims: they replace those of a good token, and undefined removes one. */
  sign(claims?: Claims, header?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
  /** Listens again, where it listened before. */
  start(): Promise<void>;
}

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

/** Starts an issuer on a free port of 127.0.0.1, for the caller to close. */
export async function startIssuer(): Promise<TestIssuer> {
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
  let port = 0;

  async function start(): Promise<void> {
    server = createServer((request, response) => {
      requests++;
      response.setHeader('content-type', 'application/json');
      if (request.url === '/.well-known/openid-configuration') {
        response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }));
      } else if (request.url === '/keys') {
        response.end(JSON.stringify({ keys: Object.values(jwks) }));
      } else {
        response.writeHead(404).end();
      }
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  }

  async function close(): Promise<void> {
    const stopping = server;
    server = undefined;
    stopping?.closeAllConnections();
    await new Promise<void>((resolve) => (stopping ? stopping.close(() => resolve()) : resolve()));
  }

  await start();
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${port}`,
    jwks,
    get requests() {
      return requests;
    },
    async sign(claims = {}, header = {}) {
      const kid = String(header.kid ?? 'ed');
      const { privateKey, alg } = pairs[kid] ?? (pairs.ed as (typeof pairs)[string]);
      return new SignJWT({
        sub: 'somebody',
        iss: issuer.url,
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
  return issuer;
}
