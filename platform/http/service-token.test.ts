import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { importPKCS8, SignJWT } from 'jose';
import { AppError } from '../errors.ts';
import {
  type CallerCheck,
  createCallerCheck,
  createCredentials,
  publicKeyOf,
} from './service-token.ts';

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

const gatewayKey = newKey();
const notificationsKey = newKey();
const keys = {
  keys: [
    await publicKeyOf('gateway', gatewayKey),
    await publicKeyOf('notifications', notificationsKey),
  ],
};

test('while a key is replaced, the old and the new one are valid, and no other', async () => {
  const newGatewayKey = newKey();
  const both = { keys: [...keys.keys, await publicKeyOf('gateway', newGatewayKey)] };
  const check = createCallerCheck('orders', both);
  for (const key of [gatewayKey, newGatewayKey]) {
    const credentials = await createCredentials('gateway', key);
    assert.equal(await check(await credentials('orders')), 'gateway');
    await assertRefused(check, await forge(key, { aud: 'billing' }));
    await assertRefused(check, await forge(key, { exp: 0 }));
    await assertRefused(check, await forge(key, { kid: 'notifications' }));
  }
  await assertRefused(check, await forge(newKey(), {}));
  await assertRefused(check, await forge(notificationsKey, {}));
  const afterwards = { keys: both.keys.filter(({ x }) => x !== keys.keys[0]?.x) };
  await assertRefused(createCallerCheck('orders', afterwards), await forge(gatewayKey, {}));
});

/** A token that an attacker with a service's key could sign. */
async function forge(
  privateKey: string,
  { kid = 'gateway', iss = 'gateway', aud = 'orders', exp = 60 }: Record<string, string | number>,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT()
    .setProtectedHeader({ alg: 'EdDSA', kid: String(kid) })
    .setIssuer(String(iss))
    .setAudience(String(aud));
  if (exp !== 0) token.setExpirationTime(now + Number(exp));
  return `Bearer ${await token.sign(await importPKCS8(privateKey, 'EdDSA'))}`;
}

async function assertRefused(check: CallerCheck, header: string | undefined): Promise<void> {
  await assert.rejects(check(header), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.problem.code, 'unauthenticated');
    return true;
  });
}

test('a token names its caller to the callee it was made for, again and again', async () => {
  const credentials = await createCredentials('notifications', notificationsKey);
  const check = createCallerCheck('profiles', keys);
  const header = await credentials('profiles');
  assert.equal(await check(header), 'notifications');
  assert.equal(await check(header), 'notifications');
});

test('a token for one callee is refused by another', async () => {
  const credentials = await createCredentials('gateway', gatewayKey);
  await assertRefused(createCallerCheck('billing', keys), await credentials('orders'));
});

test('a token is reused until it is renewed in time', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) });
  const credentials = await createCredentials('gateway', gatewayKey);
  const check = createCallerCheck('orders', keys);
  const first = await credentials('orders');
  assert.notEqual(await credentials('billing'), first);
  t.mock.timers.tick(239_000);
  assert.equal(await credentials('orders'), first);
  t.mock.timers.tick(1_000);
  const second = await credentials('orders');
  assert.notEqual(second, first);
  assert.equal(await check(first), 'gateway', 'the old one is still valid in transit');
  assert.equal(await check(second), 'gateway');
});

test('an expired token is refused, also one that was accepted before', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) });
  const credentials = await createCredentials('gateway', gatewayKey);
  const check = createCallerCheck('orders', keys);
  const header = await credentials('orders');
  assert.equal(await check(header), 'gateway');
  t.mock.timers.tick(300_000);
  await assertRefused(check, header);
  await assertRefused(createCallerCheck('orders', keys), header);
});

const refused: [what: string, header: () => Promise<string | undefined> | string | undefined][] = [
  ['no header', () => undefined],
  ['another scheme', () => 'Basic Z2F0ZXdheTpvcmRlcnM='],
  ['no token', () => 'Bearer '],
  ['what is no token', () => 'Bearer a.b.c'],
  ['a token of more than 4,096 characters', () => `Bearer ${'a'.repeat(5_000)}`],
  ['an unregistered key', () => forge(newKey(), {})],
  ['an unknown kid', () => forge(gatewayKey, { kid: 'stranger', iss: 'stranger' })],
  [
    'a key that speaks for another service',
    () => forge(notificationsKey, { kid: 'notifications' }),
  ],
  ['a foreign key under a known kid', () => forge(notificationsKey, {})],
  ['a token that never expires', () => forge(gatewayKey, { exp: 0 })],
  ['a token with alg none', () => unsigned({ alg: 'none', kid: 'gateway' }, '')],
  ['a token signed with the public key as a secret', () => confused()],
];

for (const [what, header] of refused) {
  test(`${what} is refused`, async () => {
    await assertRefused(createCallerCheck('orders', keys), await header());
  });
}

test('what the refused tokens are derived from is accepted', async () => {
  assert.equal(await createCallerCheck('orders', keys)(await forge(gatewayKey, {})), 'gateway');
});

test('the published key holds no private part', async () => {
  const key = await publicKeyOf('gateway', gatewayKey);
  assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x']);
});

function unsigned(header: object, signature: string): string {
  const exp = Math.floor(Date.now() / 1000) + 60;
  const claims = { iss: 'gateway', aud: 'orders', exp };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `Bearer ${part(header)}.${part(claims)}.${signature}`;
}

/** The classic confusion: HS256 with the public key as its secret. */
function confused(): string {
  const publicPem = createPublicKey(gatewayKey).export({ type: 'spki', format: 'pem' });
  const body = unsigned({ alg: 'HS256', kid: 'gateway' }, '');
  const signed = body.slice('Bearer '.length, -1);
  return body + createHmac('sha256', publicPem).update(signed).digest('base64url');
}

test('a key from an environment file works, a malformed one is named', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const credentials = await createCredentials('gateway', pem.replaceAll('\n', '\\n'));
  assert.match(await credentials('orders'), /^Bearer /);
  await assert.rejects(createCredentials('gateway', 'secret'), (error: Error) => {
    assert.match(error.message, /private key of gateway/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
});
