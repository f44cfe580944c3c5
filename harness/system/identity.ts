import { generateKeyPairSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import type { Logger } from 'pino';
import { loadConfig } from '#platform/config/load-config.ts';
import { createCredentials, publicKeyOf } from '#platform/http/service-token.ts';
import { IdentityConfig, startIdentity } from '#services/identity/service.ts';
import { createTestDatabaseUrl, migrationsOf, testLog } from '../database.ts';
import { PASSWORD } from './system.ts';

export const IDENTITY_SECRET = 'kq8Zt3Vx0pLm7Rw2Yc5Nh9Bd4Gf6Js1A';
const callers = new Map(
  ['gateway', 'notifications'].map((name) => [
    name,
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  ]),
);

interface StartOptions {
  databaseUrl?: string;
  settings?: Record<string, string>;
  log?: Logger;
}

/** Starts identity, by default on a database of its own. */
export async function startTestIdentity(t: TestContext, options: StartOptions = {}) {
  const databaseUrl =
    options.databaseUrl ?? (await createTestDatabaseUrl(t, undefined, migrationsOf('identity')));
  const keys = await Promise.all([...callers].map(([name, key]) => publicKeyOf(name, key)));
  const config = loadConfig('identity', IdentityConfig, {
    IDENTITY_DATABASE_URL: databaseUrl,
    IDENTITY_SECRET,
    SERVICE_PUBLIC_KEYS: JSON.stringify({ keys }),
    ...options.settings,
  });
  const service = await startIdentity(config, options.log ?? testLog);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= service.close();
    return closing;
  };
  t.after(close);
  const send = async (
    method: string,
    path: string,
    body: object | undefined,
    caller: string | null = 'gateway',
  ) => {
    const credentials = await createCredentials(
      caller ?? '',
      callers.get(caller ?? 'gateway') ?? '',
    );
    const response = await fetch(service.url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(caller !== null && { authorization: await credentials('identity') }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: JSON.parse(text) as Record<string, string>,
    };
  };
  const post = (path: string, body: object, caller: string | null = 'gateway') =>
    send('POST', path, { clientAddress: '192.0.2.1', ...body }, caller);
  return {
    databaseUrl,
    send,
    url: service.url,
    close,
    post,
    register: (email: string, password = PASSWORD, more: object = {}) =>
      post('/accounts', { email, password, ...more }),
    signIn: (email: string, password = PASSWORD, more: object = {}) =>
      post('/sessions', { email, password, ...more }),
    verify: async (token: string | undefined): Promise<JWTPayload> => {
      const { payload } = await jwtVerify(
        token ?? '',
        createRemoteJWKSet(new URL(`${service.url}/jwks`)),
        { issuer: 'orderbell', audience: 'orderbell', algorithms: ['EdDSA'] },
      );
      return payload;
    },
  };
}
