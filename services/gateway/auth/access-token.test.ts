import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AUDIENCE, nowPlus, startTestIssuer, type TestIssuer } from '#harness/issuer.ts';
import { AppError } from '#platform/errors.ts';
import { createTokenCheck, type TokenCheckOptions } from './access-token.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { checkedUrl, discoverKeys, readIssuerKeys } from './read-keys.ts';

// Cases beyond test/system/tokens.test.ts: other settings, time, and issuers that misbehave.

const silent = { error: () => {}, warn: () => {}, info: () => {} };

/** The keys of an issuer. Each token whose key is not known makes them be read again. */
function keysOf(issuer: Pick<TestIssuer, 'url'>) {
  return createIssuerKeys({
    read: (signal) => readIssuerKeys(issuer.url, signal),
    log: silent,
    unknownKeyMs: 0,
    firstKeysMs: 0,
  });
}

function checkFor(issuer: Pick<TestIssuer, 'url'>, options: Partial<TokenCheckOptions> = {}) {
  const check = headerCheckFor(issuer, options);
  return (token: string) => check(`Bearer ${token}`);
}

function headerCheckFor(issuer: Pick<TestIssuer, 'url'>, options: Partial<TokenCheckOptions> = {}) {
  return createTokenCheck({
    issuer: issuer.url,
    audience: AUDIENCE,
    keys: keysOf(issuer).find,
    types: ['none', 'jwt', 'at+jwt'],
    operatorClaim: 'scope',
    operatorValue: 'operator',
    ...options,
  });
}

const withCode = (code: string) => (error: unknown) =>
  error instanceof AppError && error.problem.code === code;
const refused = withCode('unauthenticated');
const unavailable = withCode('unavailable');

test('the operator claim may be words, a list, or deep in objects', async (t) => {
  const issuer = await startTestIssuer(t);
  const roles = (value: unknown) => ({ realm_access: { roles: value } });
  for (const [operatorClaim, claims, operator] of [
    ['scope', { scope: 'operator' }, true],
    ['scope', { scope: 'openid operator email' }, true],
    ['scope', { scope: ['openid', 'operator'] }, true],
    ['scope', { scope: 'operators' }, false],
    ['scope', { scope: 'OPERATOR' }, false],
    ['scope', { scope: { operator: true } }, false],
    ['scope', { scope: true }, false],
    ['scope', { scope: null }, false],
    ['scope', {}, false],
    ['scope', { roles: 'operator' }, false],
    ['realm_access.roles', roles(['operator']), true],
    ['realm_access.roles', roles([['operator']]), false],
    ['realm_access.roles', { realm_access: 'roles' }, false],
    ['realm_access.roles', { realm_access: null }, false],
    ['realm_access.roles', { 'realm_access.roles': ['operator'] }, false],
    ['a.b.c', { a: { b: { c: 'operator' } } }, true],
  ] as const) {
    const check = checkFor(issuer, { operatorClaim });
    const caller = await check(await issuer.sign(claims));
    assert.equal(caller.operator, operator, `${operatorClaim} ${JSON.stringify(claims)}`);
  }
});

test('the scheme is written in any case, with one or more spaces before the token', async (t) => {
  const issuer = await startTestIssuer(t);
  const check = headerCheckFor(issuer);
  const token = await issuer.sign({ sub: 'anna' });
  // RFC 9110 section 11.4.
  for (const scheme of ['Bearer ', 'bearer ', 'BEARER ', 'Bearer  ', 'Bearer    ']) {
    assert.equal((await check(scheme + token)).customerId, 'anna', scheme);
  }
  for (const scheme of ['Bearer', 'Bearer\t', ' Bearer ', 'Basic ', '']) {
    await assert.rejects(check(scheme + token), refused, scheme);
  }
});

test('only the types of the setting are accepted', async (t) => {
  const issuer = await startTestIssuer(t);
  const check = checkFor(issuer, { types: ['at+jwt'] });
  await check(await issuer.sign({}, { typ: 'at+jwt' }));
  await check(await issuer.sign({}, { typ: 'application/AT+JWT' }));
  for (const header of [{}, { typ: 'JWT' }, { typ: 'none' }, { typ: 'at+jwt ' }, { typ: '' }]) {
    await assert.rejects(check(await issuer.sign({}, header)), refused, JSON.stringify(header));
  }
});

test('what was verified is believed for a minute, also when its key is withdrawn', async (t) => {
  const issuer = await startTestIssuer(t);
  const check = checkFor(issuer);
  const start = Date.now();
  const token = await issuer.sign({ exp: nowPlus(3_600) });
  const stranger = await issuer.sign({ exp: nowPlus(3_600) }, { kid: 'unknown' });
  t.mock.timers.enable({ apis: ['Date'], now: start });
  await check(token);
  delete issuer.jwks.ed;
  t.mock.timers.setTime(start + 59_000);
  // An unknown key makes the keys be read again.
  await assert.rejects(check(stranger), refused);
  await check(token);
  t.mock.timers.setTime(start + 61_000);
  await assert.rejects(check(token), refused);
});

test('what was verified is refused once it has expired', async (t) => {
  const issuer = await startTestIssuer(t);
  const check = checkFor(issuer);
  const start = Date.now();
  const token = await issuer.sign({ exp: nowPlus(20) });
  t.mock.timers.enable({ apis: ['Date'], now: start });
  await check(token);
  t.mock.timers.setTime(start + 26_000);
  await assert.rejects(check(token), refused);
});

/** An issuer whose answers the test changes while it runs. */
async function startOddIssuer(t: TestContext) {
  const state: { answer: RequestListener } = { answer: (_request, response) => response.end() };
  const server = createServer((request, response) => state.answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, state };
}

test('an issuer that misbehaves is unavailable, never the fault of a token', async (t) => {
  const good = await startTestIssuer(t);
  const odd = await startOddIssuer(t);
  const check = checkFor(odd);
  const token = await good.sign({ iss: odd.url });
  const discovery = { issuer: odd.url, jwks_uri: `${odd.url}/keys` };
  const keys = { keys: Object.values(good.jwks) };

  /** Answers of the two addresses; a number is a status without a body. */
  const answers =
    (document: unknown, keySet: unknown): RequestListener =>
    (request, response) => {
      const answer = request.url === '/keys' ? keySet : document;
      if (typeof answer !== 'number') {
        response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
      } else {
        const location = `${good.url}${request.url}`;
        response.writeHead(answer, answer < 400 ? { location } : {}).end();
      }
    };

  for (const [name, document, keySet] of [
    ['no discovery', 404, keys],
    ['discovery breaks', 500, keys],
    ['discovery leads elsewhere', 302, keys],
    ['discovery is no JSON', '<html>', keys],
    ['discovery of another issuer', { ...discovery, issuer: good.url }, keys],
    ['discovery with a slash more', { ...discovery, issuer: `${odd.url}/` }, keys],
    ['discovery without keys', { issuer: odd.url }, keys],
    ['keys at no address', { ...discovery, jwks_uri: 'keys' }, keys],
    ['keys in a file', { ...discovery, jwks_uri: 'file:///etc/passwd' }, keys],
    ['keys without TLS', { ...discovery, jwks_uri: 'http://keys.example.com/' }, keys],
  ] as const) {
    odd.state.answer = answers(document, keySet);
    await assert.rejects(check(token), unavailable, name);
  }
  for (const [name, keySet] of [
    ['the keys break', 500],
    ['the keys lead elsewhere', 302],
    ['the keys are no JSON', '<html>'],
    ['the keys are no key set', { keys: 'none' }],
    ['the keys are a list', Object.values(good.jwks)],
  ] as const) {
    odd.state.answer = answers(discovery, keySet);
    await assert.rejects(check(token), unavailable, name);
  }
  odd.state.answer = answers(discovery, keys);
  assert.equal((await check(token)).customerId, 'somebody');
});

test('an issuer with a slash at its end is found below it', async (t) => {
  const odd = await startOddIssuer(t);
  const issuer = `${odd.url}/realms/shop/`;
  odd.state.answer = (request, response) => {
    const found = request.url === '/realms/shop/.well-known/openid-configuration';
    response.end(JSON.stringify(found ? { issuer, jwks_uri: `${odd.url}/keys` } : {}));
  };
  assert.equal((await discoverKeys(issuer)).href, `${odd.url}/keys`);
});

test('keys come by https, or by http from this machine', () => {
  for (const url of [
    ...['https://issuer.example.com', 'http://localhost:8080/x', 'http://127.0.0.1/'],
    'http://[::1]:5/',
  ]) {
    assert.equal(checkedUrl(url).href, new URL(url).href);
  }
  for (const url of [
    ...['http://issuer.example.com', 'http://127.0.0.1.example.com', 'http://localhost@a.example'],
    ...['http://169.254.169.254/', 'ftp://localhost/', 'file:///etc/passwd', 'issuer', ''],
  ]) {
    assert.throws(() => checkedUrl(url), url);
  }
});

test('tokens that the issuer makes for other purposes are refused', async (t) => {
  const issuer = await startTestIssuer(t);
  const check = checkFor(issuer);
  const logout = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  for (const claims of [
    ...[{ typ: 'ID' }, { typ: 'Refresh' }, { typ: 'Offline' }, { typ: 'Logout' }, { typ: 'id' }],
    ...[{ nonce: 'n' }, { nonce: '' }, { nonce: null }, { at_hash: 'h' }, { c_hash: 'h' }],
    ...[{ s_hash: 'h' }, { typ: 'Bearer', at_hash: 'h' }, { typ: 'ID', nonce: 'n', at_hash: 'h' }],
    ...[{ events: logout, sid: 's' }, { token_use: 'id' }],
  ]) {
    for (const typ of [undefined, 'JWT', 'at+jwt']) {
      const token = await issuer.sign(claims, { typ });
      await assert.rejects(check(token), refused, `${JSON.stringify(claims)} ${typ}`);
    }
  }
  // Access tokens of Keycloak (the nonce before its version 24), Cognito, and claims of our own.
  for (const claims of [
    ...[{ typ: 'Bearer' }, { typ: 'Bearer', nonce: 'n', sid: 's' }, { typ: 'customer' }],
    ...[{ typ: ['ID'] }, { token_use: 'access' }, { events: ['sale'] }, { events: 'sale' }],
    ...[{ sid: 's', jti: 'j', auth_time: 1, acr: '1', azp: 'console', client_id: 'console' }],
  ]) {
    await check(await issuer.sign(claims));
  }
});

test('a signed token that the settings refuse is reported with claim and setting', async (t) => {
  const issuer = await startTestIssuer(t);
  const reasons: string[] = [];
  const check = checkFor(issuer, { onMismatch: (reason) => reasons.push(reason) });
  const foreign = 'https://other.example';
  for (const claims of [{ aud: 'account' }, { aud: undefined }, { iss: foreign }]) {
    await assert.rejects(check(await issuer.sign(claims)), refused);
  }
  await assert.rejects(check(await issuer.sign({}, { typ: 'x+jwt' })), refused);
  assert.deepEqual(reasons, [
    'its aud is "account", and OIDC_AUDIENCE is "orderbell"',
    'its aud is missing, and OIDC_AUDIENCE is "orderbell"',
    `its iss is "${foreign}", and OIDC_ISSUER is "${issuer.url}"`,
    'its header typ is "x+jwt", which TOKEN_TYPES does not list',
  ]);
  // Nothing is wrong with the settings here.
  await assert.rejects(check(await issuer.sign({ exp: nowPlus(-3_600) })), refused);
  await assert.rejects(check('a.b.c'), refused);
  assert.equal(reasons.length, 4);
});
