import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { JWK } from 'jose';
import { AUDIENCE, startTestIssuer } from '#harness/issuer.ts';
import { createTokenCheck } from './access-token.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { readIssuerKeys } from './read-keys.ts';
import { usableKeysOf } from './usable-keys.ts';

const rsa = (bits: number) =>
  generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
const ec = (namedCurve: string) =>
  generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' });
const edwards = (type: 'ed25519') => generateKeyPairSync(type);
const ed = edwards('ed25519').publicKey.export({ format: 'jwk' });
const privateEd = edwards('ed25519').privateKey.export({ format: 'jwk' });
const good = rsa(2048);
const [p256, ed448] = [ec('P-256'), generateKeyPairSync('ed448')];

/** Keys that cannot prove a token, with what is said about each. */
const BAD: [JWK | unknown, RegExp][] = [
  [rsa(1024), /is weak: RSA of 1024 bits, and 2048 are needed/],
  [rsa(2040), /is weak: RSA of 2040 bits/],
  [{ ...good, e: 'AQ' }, /exponent/],
  [{ ...good, e: 'AA' }, /exponent|broken/],
  [{ kty: 'RSA', e: 'AQAB' }, /has no n/],
  [{ kty: 'RSA', n: good.n }, /has no e/],
  [{ ...good, n: 7 }, /has no n/],
  [{ ...good, n: '' }, /broken|weak/],
  [{ ...good, use: 'enc' }, /has the use "enc", not sig/],
  [{ ...good, alg: 'RSA-OAEP' }, /has the alg "RSA-OAEP"/],
  [{ ...good, alg: 'HS256' }, /has the alg "HS256"/],
  [{ ...good, key_ops: ['encrypt'] }, /key_ops without verify/],
  [{ ...good, key_ops: 'verify' }, /key_ops without verify/],
  [{ ...good, d: 'AAAA' }, /private part/],
  [privateEd, /private part/],
  [{ kty: 'oct', k: 'AAAA' }, /symmetric/],
  [ec('secp256k1'), /has the crv "secp256k1"/],
  [ed448.publicKey.export({ format: 'jwk' }), /has the crv "Ed448"/],
  [generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }), /has the crv "X25519"/],
  [{ ...p256, crv: 'P-384' }, /broken/],
  [{ ...p256, y: p256.x }, /broken/],
  [{ ...p256, y: undefined }, /has no y/],
  [{ ...ed, x: 'AAAA' }, /broken/],
  [{ kty: 'OKP', x: ed.x }, /has the crv undefined/],
  [{ kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }, /unknown kty "AKP"/],
  [{ kty: 7 }, /has no kty/],
  [{}, /has no kty/],
  [null, /is no JSON Web Key/],
  ['key', /is no JSON Web Key/],
  [[], /is no JSON Web Key/],
  [{ ...good, kid: 7 }, /has a kid that is no text/],
  [{ ...good, alg: ['RS256'] }, /has the alg \["RS256"\]/],
  [{ ...good, alg: { toString: 1, valueOf: 1 } }, /has the alg/],
  [{ ...p256, crv: { toString: 1 } }, /has the crv/],
  [{ ...good, use: nested(1_000) }, /has the use/],
  [{ ...good, e: '' }, /malformed|exponent|broken/],
  [{ ...good, e: '!' }, /malformed|exponent|broken/],
];

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

test('each key that cannot prove a token is left out with its reason, and the others stay', () => {
  const kept = [good, p256, ed, { ...good, alg: 'PS512', use: 'sig', key_ops: ['verify'] }];
  for (const [bad, reason] of BAD) {
    const { keys, skipped } = usableKeysOf({ keys: [bad, ...kept] });
    assert.deepEqual(keys.keys, kept, String(reason));
    assert.equal(skipped.length, 1);
    assert.match(skipped[0] ?? '', reason);
    assert.match(skipped[0] ?? '', /^key number 1 /);
  }
  const all = usableKeysOf({ keys: [...BAD.map(([bad]) => bad), good] });
  assert.deepEqual([all.keys.keys.length, all.skipped.length], [1, BAD.length]);
  assert.equal(usableKeysOf({ keys: Array(300).fill(good) }).keys.keys.length, 100);
});

test('a thousand keys for other uses leave the one that counts, and few lines', () => {
  const others = Array.from({ length: 1_000 }, (_, index) => ({
    ...good,
    use: 'enc',
    kid: `other ${index}`,
  }));
  const { keys, skipped } = usableKeysOf({ keys: [...others, { ...good, kid: 'a' }] });
  assert.deepEqual(
    keys.keys.map(({ kid }) => kid),
    ['a'],
  );
  assert.deepEqual([skipped.length, skipped.at(-1)], [101, 'set has 900 more such keys']);
});

test('of two keys with the same kid the first one counts; other kinds may share it', () => {
  const { keys, skipped } = usableKeysOf({
    keys: [
      { ...rsa(1024), kid: 'a' },
      { ...good, kid: 'a' },
      { ...rsa(2048), kid: 'a' },
      { ...ed, kid: 'a' },
    ],
  });
  assert.deepEqual(
    keys.keys.map(({ n, x }) => n ?? x),
    [good.n, ed.x],
  );
  assert.match(skipped.join('\n'), /^key "a" is weak.*\nkey "a" has the kid of an earlier key$/);
});

async function openCheck(t: TestContext) {
  const issuer = await startTestIssuer(t);
  const lines: string[] = [];
  const say = (text: unknown) => void lines.push(String(text));
  const keys = createIssuerKeys({
    read: (signal) => readIssuerKeys(issuer.url, signal),
    log: { error: say, warn: say, info: say },
    unknownKeyMs: 0,
  });
  const check = createTokenCheck({
    issuer: issuer.url,
    audience: AUDIENCE,
    keys: keys.find,
    types: ['none'],
    operatorClaim: 'scope',
    operatorValue: 'operator',
  });
  const statusOf = async (kid: string, header = {}) => {
    const token = await issuer.sign({}, { kid, ...header });
    return check(`Bearer ${token}`).then(
      () => 'accepted',
      (error) => error.problem.code,
    );
  };
  return { issuer, statusOf, lines };
}

test('bad keys of an issuer never harm the tokens of its good ones', async (t) => {
  const { issuer, statusOf, lines } = await openCheck(t);
  const published = { ...issuer.jwks };
  for (const kid of Object.keys(issuer.jwks)) delete issuer.jwks[kid];
  for (const [index, [bad]] of BAD.entries()) {
    const named = typeof bad === 'object' && bad !== null && !Array.isArray(bad);
    issuer.jwks[`bad ${index}`] = (named ? { kid: `bad ${index}`, ...bad } : bad) as JWK;
  }
  Object.assign(issuer.jwks, published);
  assert.equal(await statusOf('ed'), 'accepted');
  assert.equal(await statusOf('rsa'), 'accepted');
  for (const index of BAD.keys()) {
    assert.equal(await statusOf(`bad ${index}`), 'unauthenticated');
  }
  assert.equal(lines.length, BAD.length, lines.join('\n'));
});

test('a public key that names what only its private one can do proves tokens', async (t) => {
  const { issuer, statusOf, lines } = await openCheck(t);
  for (const kid of ['ed', 'rsa']) {
    const key = issuer.jwks[kid] as JWK;
    const more = { key_ops: ['sign', 'verify', 'decrypt'], ext: false, x5c: nested(1_000) };
    issuer.jwks[kid] = { ...key, ...more } as JWK;
  }
  assert.equal(await statusOf('ed'), 'accepted');
  assert.equal(await statusOf('rsa'), 'accepted');
  assert.deepEqual(lines, []);
});

test('a token by a weak key is refused, and a set of weak keys replaces no good one', async (t) => {
  const { issuer, statusOf } = await openCheck(t);
  assert.equal(await statusOf('ed'), 'accepted');
  for (const kid of Object.keys(issuer.jwks)) delete issuer.jwks[kid];
  issuer.jwks.weak = { ...rsa(1024), kid: 'weak', alg: 'RS256' };
  assert.equal(await statusOf('ed', { nonce: 1 }), 'accepted');
  assert.equal(await statusOf('weak'), 'unavailable');
});
