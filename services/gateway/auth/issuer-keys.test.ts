import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { decodeProtectedHeader } from 'jose';
import { createCertificate } from '#harness/certificate.ts';
import { testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestIssuer, type TestIssuer } from '#harness/issuer.ts';
import { createCallTls } from '#platform/http/call-tls.ts';
import { createIssuerKeys, isTokenFault } from './issuer-keys.ts';
import { readIdentityKeys, readIssuerKeys } from './read-keys.ts';
import type { UsableKeys } from './usable-keys.ts';

const open = new AbortController().signal;

function logOf() {
  const lines: string[] = [];
  const level = (name: string) => (text: unknown) => void lines.push(`${name}: ${text}`);
  return { lines, log: { error: level('error'), warn: level('warn'), info: level('info') } };
}

/** Keys that are read by `state.read`, and the count of those reads. */
function keysOf(issuer: TestIssuer, options: { unknownKeyMs?: number; firstKeysMs?: number } = {}) {
  const { lines, log } = logOf();
  const state = {
    reads: 0,
    read: (signal: AbortSignal): Promise<UsableKeys> => readIssuerKeys(issuer.url, signal),
  };
  const read = (signal: AbortSignal) => {
    state.reads++;
    return state.read(signal);
  };
  return { keys: createIssuerKeys({ read, log, ...options }), state, lines };
}

async function find(keys: ReturnType<typeof createIssuerKeys>, issuer: TestIssuer, kid = 'ed') {
  const token = await issuer.sign({}, { kid });
  return keys.find(decodeProtectedHeader(token) as never, {} as never);
}

const away = () => Promise.reject(new Error('the issuer is away'));

test('a gateway without keys is not ready; it reads them by itself', async (t) => {
  const issuer = await startTestIssuer(t);
  await issuer.close();
  const { keys, lines } = keysOf(issuer, { firstKeysMs: 0 });
  await assert.rejects(keys.checkReady(), /openid-configuration: nothing listens at this port/);
  const refresh = keys.startRefresh();
  t.after(() => refresh.close());
  await issuer.start();
  await eventually('the keys', async () =>
    lines.includes("info: the issuer's keys can be read again"),
  );
  const { requests } = issuer;
  await keys.checkReady();
  await find(keys, issuer);
  assert.equal(issuer.requests, requests);
});

test('the last keys stay in use while the issuer is away, and readiness with them', async (t) => {
  const issuer = await startTestIssuer(t);
  const { keys, state, lines } = keysOf(issuer, { unknownKeyMs: 0 });
  await find(keys, issuer);
  state.read = away;
  // Only the issuer knows whether an unknown key is a new one.
  for (let count = 0; count < 3; count++) {
    await assert.rejects(find(keys, issuer, 'new'), /the issuer is away/);
  }
  assert.equal(state.reads, 4);
  await find(keys, issuer);
  await keys.checkReady();
  // Once a minute.
  assert.deepEqual(lines, [
    "warn: the issuer's keys cannot be read: the issuer is away. Those read before stay in use",
  ]);
});

test('an empty or foreign set does not replace good keys', async (t) => {
  const issuer = await startTestIssuer(t);
  const { keys } = keysOf(issuer, { unknownKeyMs: 0 });
  await find(keys, issuer);
  const published = { ...issuer.jwks };
  for (const kid of Object.keys(issuer.jwks)) delete issuer.jwks[kid];
  await assert.rejects(find(keys, issuer, 'new'), /no public key for signatures/);
  issuer.jwks.secret = { kty: 'oct', k: 'AAAA', kid: 'new' };
  await assert.rejects(find(keys, issuer, 'new'), /no public key for signatures/);
  await find(keys, issuer);
  Object.assign(issuer.jwks, published, { new: { ...published.ed, kid: 'new' } });
  await find(keys, issuer, 'new');
});

test('an unknown key makes the keys be read again, but not at every token', async (t) => {
  const issuer = await startTestIssuer(t);
  const { keys, state } = keysOf(issuer);
  await find(keys, issuer);
  for (let count = 0; count < 3; count++) {
    await assert.rejects(find(keys, issuer, 'new'), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
  }
  assert.equal(state.reads, 1);
});

test('without keys, requests share one read, and failures in a row are not repeated at once', async (t) => {
  const issuer = await startTestIssuer(t);
  const { keys, state, lines } = keysOf(issuer, { firstKeysMs: 600_000 });
  state.read = away;
  const all = await Promise.allSettled([1, 2, 3].map(() => find(keys, issuer)));
  assert.deepEqual(
    all.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  );
  await assert.rejects(find(keys, issuer), /the issuer is away/);
  assert.equal(state.reads, 1);
  assert.deepEqual(lines, [
    "error: the issuer's keys cannot be read: the issuer is away. No request can be identified " +
      'until they are',
  ]);
});

/** An address where nothing listens. */
async function closedUrl(t: TestContext): Promise<string> {
  const { url, close } = await startTestIssuer(t);
  await close();
  return url;
}

test('the keys of identity come from the next replica where one does not answer', async (t) => {
  const issuer = await startTestIssuer(t);
  const closed = await closedUrl(t);
  const { keys } = await readIdentityKeys([closed, issuer.url], open);
  assert.deepEqual(keys, { keys: Object.values(issuer.jwks) });
  await assert.rejects(readIdentityKeys([closed, closed], open), (error: Error) => {
    const one = `${closed}/jwks: nothing listens at this port (ECONNREFUSED)`;
    assert.equal(error.message, `${one}; ${one}`);
    return true;
  });
});

/** A port that speaks TLS with a certificate that no CA here knows. */
async function startUnknownTls(t: TestContext): Promise<number> {
  const { private: key, cert } = await createCertificate('localhost');
  const server = createServer({ key, cert }, (_request, response) => response.end('{}'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('the keys of identity are read by TLS from an authority of our own, and from no other', async (t) => {
  const [ca, other] = [await createCertificate('ca.test'), await createCertificate('other.test')];
  const { private: key, cert } = await createCertificate('localhost', { ca });
  const { jwks } = await startTestIssuer(t);
  const published = JSON.stringify({ keys: Object.values(jwks) });
  const server = createServer({ key, cert }, (_request, response) => response.end(published));
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const tlsOf = (SERVICES_TLS_CA: string) => {
    const tls = createCallTls({ SERVICES_TLS_CA, ALLOW_PLAIN_HTTP: false }, testLog);
    t.after(tls.close);
    return tls;
  };
  const { keys } = await readIdentityKeys([url], open, tlsOf(ca.cert));
  assert.deepEqual(keys, { keys: Object.values(jwks) });
  await assert.rejects(
    readIdentityKeys([url], open, tlsOf(other.cert)),
    /^Error: https:.*\/jwks: .*from an authority that SERVICES_TLS_CA does not name/,
  );
});

test('a fault names the address, the cause and the way out', async (t) => {
  const issuer = await startTestIssuer(t);
  const { port } = new URL(issuer.url);
  const tlsPort = await startUnknownTls(t);
  const document = '/.well-known/openid-configuration';
  for (const [url, expected] of [
    [`${issuer.url}/realms/x`, `${issuer.url}/realms/x${document}: the answer is 404`],
    [
      `http://localhost:${port}`,
      `http://localhost:${port}${document}: it names the issuer "${issuer.url}", ` +
        `but OIDC_ISSUER is "http://localhost:${port}"`,
    ],
    [`https://127.0.0.1:${tlsPort}`, 'is from a CA that is unknown here; name a file with that CA'],
    [`https://127.0.0.1:${port}`, 'this port does not speak TLS'],
    [await closedUrl(t), 'nothing listens at this port (ECONNREFUSED)'],
    ['https://issuer.invalid', 'DNS '],
  ] as const) {
    await assert.rejects(readIssuerKeys(url, open), (error: Error) => {
      assert.ok(error.message.includes(expected), error.message);
      return true;
    });
  }
});

test('a key that cannot be imported makes its tokens invalid, not the keys unavailable', async (t) => {
  const issuer = await startTestIssuer(t);
  const { keys, state } = keysOf(issuer, { unknownKeyMs: 0 });
  state.read = async () => {
    const broken = { ...issuer.jwks.ed, kty: 'OKP', key_ops: ['verify', 'decrypt'] };
    return { keys: { keys: [broken, issuer.jwks.rsa as never] }, skipped: [] };
  };
  await assert.rejects(find(keys, issuer), (error) => isTokenFault(error));
  assert.ok(await find(keys, issuer, 'rsa'));
});
