import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { pino } from 'pino';
import { Type } from 'typebox';
import { type Certificate, createCertificate } from '#harness/certificate.ts';
import { eventually } from '#harness/eventually.ts';
import { deadlineIn } from '../async/deadline.ts';
import { ConfigError, type Environment, loadConfig } from '../config/load-config.ts';
import { RENEWAL_MS } from '../config/renewed-settings.ts';
import { describeError } from '../errors.ts';
import { serveHealth } from '../service/internal-service.ts';
import { callTlsSettings, createCallTls } from './call-tls.ts';
import { createHttpClient } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { anyone, createHttpServer, listen, serve } from './server.ts';
import { createListenerTls, listenerTlsSettings } from './tls.ts';

const DAY_MS = 24 * 3_600_000;
const ListenerSettings = Type.Object(listenerTlsSettings);
const CallSettings = Type.Object({
  ...callTlsSettings,
  THINGS_URL: Type.Array(Type.String({ format: 'http-url' }), { description: 'Where things are.' }),
});

const putThing = {
  operationId: 'putThing',
  method: 'PUT',
  path: '/things',
  summary: 'Keeps a thing',
  body: Type.Object({}),
  responses: { 200: Type.Object({ done: Type.Boolean() }) },
} as const satisfies Endpoint;

const ca = await createCertificate('ca.test');
const other = await createCertificate('other.test');
const server = await createCertificate('localhost', { ca });
const caller = await createCertificate('gateway', { ca });
const past = new Date(Date.now() - DAY_MS);

const pair = ({ cert, private: key }: Certificate) => ({ TLS_CERTIFICATE: cert, TLS_KEY: key });
const client = ({ cert, private: key }: Certificate) => ({
  SERVICES_TLS_CERTIFICATE: cert,
  SERVICES_TLS_KEY: key,
});
const trusting = { SERVICES_TLS_CA: ca.cert };

function logOf() {
  const lines: string[] = [];
  return { lines, log: pino({ level: 'info' }, { write: (line) => void lines.push(line) }) };
}

/** A service with this listener. */
async function startThings(t: TestContext, env: Environment, host = 'localhost') {
  const { lines, log } = logOf();
  const tls = createListenerTls(loadConfig('things', ListenerSettings, env), log);
  const app = createHttpServer({ log, tls });
  serveHealth(app, {});
  serve(app, putThing, { identify: anyone }, async () => ({ status: 200, body: { done: true } }));
  t.after(() => app.close());
  const url = await listen(app, host, 0);
  return { url, port: Number(new URL(url).port), lines };
}

/** Calls of a service with these settings. */
function callerOf(t: TestContext, urls: string[], env: Environment) {
  const { lines, log } = logOf();
  const config = loadConfig('caller', CallSettings, { THINGS_URL: urls.join(), ...env });
  const tls = createCallTls(config, log);
  const credentials = async () => 'Bearer x';
  const http = createHttpClient({ callee: 'things', urls, credentials, log, tls });
  t.after(async () => {
    await http.close();
    tls.close();
  });
  const put = (withinMs = 30_000) =>
    http.call(putThing, { body: {} }, { deadline: deadlineIn(withinMs) });
  /**
   * The fault of a call in the words of the log. A call is repeated until its deadline, which a busy
   * machine may reach in the first handshake.
   */
  async function faultOf(withinMs = 1_000): Promise<string> {
    const error = await put(withinMs).then(
      () => assert.fail('the call succeeded'),
      (thrown: Error) => thrown,
    );
    assert.equal((error as { problem?: { code: string } }).problem?.code, 'unavailable');
    const fault = describeError(error.cause);
    const isLate = fault.startsWith('no answer') && withinMs < 30_000;
    return isLate ? faultOf(5 * withinMs) : fault;
  }
  return { put, faultOf, checkReady: http.checkReady, lines };
}

/** The status of a request by TLS, and the certificate that answered. */
function ask(port: number, path: string, options: ConnectionOptions = {}) {
  return new Promise<{ status: number; serial: string; body: string }>((resolve, reject) => {
    const all = { host: 'localhost', port, path, agent: false as const, ca: ca.cert, ...options };
    const asked = request(all, async (answer) => {
      const { serialNumber } = (answer.socket as ReturnType<typeof connect>).getPeerCertificate();
      const body = (await answer.toArray()).join('');
      resolve({ status: answer.statusCode ?? 0, serial: serialNumber, body });
    });
    asked.on('error', reject).end();
  });
}

function problemsOf(schema: typeof ListenerSettings | typeof CallSettings, env: Environment) {
  try {
    loadConfig('things', schema, env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
}

test('calls by https reach each replica that is verified by its own name', async (t) => {
  const byName = await startThings(t, pair(server));
  const byAddress = await startThings(
    t,
    pair(await createCertificate('127.0.0.1', { ca })),
    '127.0.0.1',
  );
  assert.match(byName.url, /^https:\/\/localhost:/);
  const { put, checkReady, lines } = callerOf(t, [byName.url, byAddress.url], trusting);
  await checkReady();
  for (let count = 0; count < 4; count++) assert.equal((await put()).status, 200);
  assert.deepEqual(lines, []);
});

test('a fault of TLS is named as what it is, and counts as unavailable', async (t) => {
  const expired = await createCertificate('localhost', { ca, until: past });
  const mutual = { ...pair(server), TLS_CLIENT_CA: ca.cert };
  const expiredCaller = await createCertificate('gateway', { ca, until: past });
  const cases: [title: string, listener: Environment, calls: Environment, text: RegExp][] = [
    [
      'unknown authority',
      pair(server),
      { SERVICES_TLS_CA: other.cert },
      /SERVICES_TLS_CA does not/,
    ],
    ['public ones only', pair(server), {}, /authority that SERVICES_TLS_CA does not name/],
    ['other name', pair(caller), trusting, /is for other host names.*altnames.*gateway/],
    ['expired', pair(expired), trusting, /has expired or is not valid yet/],
    ['no TLS', {}, trusting, /this port does not speak TLS/],
    ['no certificate', mutual, trusting, /refuses our client certificate|misses one/],
    [
      'a certificate of others',
      mutual,
      { ...trusting, ...client(await createCertificate('gateway', { ca: other })) },
      /refuses our client certificate/,
    ],
    [
      'an expired one',
      mutual,
      { ...trusting, ...client(expiredCaller) },
      /refuses our client certificate/,
    ],
  ];
  for (const [title, listener, calls, text] of cases) {
    await t.test(title, async (each) => {
      const { url, lines } = await startThings(each, listener);
      const { faultOf, lines: said } = callerOf(each, [url.replace('http:', 'https:')], calls);
      const fault = await faultOf();
      assert.match(fault, text);
      assert.doesNotMatch(lines.join(), /"stack"/);
      if (title === 'no certificate') assert.match(lines.join(), /it has no client certificate/);
      if (title === 'a certificate of others') assert.match(lines.join(), /TLS_CLIENT_CA does not/);
      if (title === 'an expired one') {
        assert.match(lines.join(), /client certificate has expired/);
        assert.match(said.join(), /SERVICES_TLS_CERTIFICATE has expired on/);
      }
      if (title === 'expired') assert.match(lines.join(), /TLS_CERTIFICATE has expired on .*Renew/);
    });
  }
});

test('with TLS_CLIENT_CA calls need a certificate, and probes need none', async (t) => {
  const { url, port } = await startThings(t, { ...pair(server), TLS_CLIENT_CA: ca.cert });
  const { put } = callerOf(t, [url], { ...trusting, ...client(caller) });
  assert.equal((await put()).status, 200);
  for (const path of ['/livez', '/readyz']) assert.equal((await ask(port, path)).status, 200);
  for (const path of ['/things', '/', '/calls', '/readyz/x', '/metrics']) {
    const { status, body } = await ask(port, path);
    assert.equal(status, 403, path);
    assert.match(body, /client-certificate-needed/);
  }
  const good = { cert: caller.cert, key: caller.private };
  assert.equal((await ask(port, '/nothing', good)).status, 404);
});

/** A session of a connection, to resume it by the next one. */
function openSession(port: number, options: ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: 'localhost', port, ca: ca.cert, ...options });
    socket.on('error', reject).once('session', (session) => {
      socket.destroy();
      resolve(session);
    });
    // TLS 1.3 sends it after the handshake.
    socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n');
  });
}

test('a resumed session is as good as the certificate that began it', async (t) => {
  const { port } = await startThings(t, { ...pair(server), TLS_CLIENT_CA: ca.cert });
  const foreign = await createCertificate('gateway', { ca: other });
  const identity = ({ cert, private: key }: Certificate) => ({ cert, key });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const [options, status] of [
      [{}, 403],
      [identity(foreign), 403],
      [identity(caller), 404],
    ] as const) {
      const session = await openSession(port, { ...options, maxVersion });
      assert.equal((await ask(port, '/nothing', { maxVersion, session })).status, status);
    }
  }
});

test('a replica that refuses our certificate leaves the calls to another one', async (t) => {
  const strict = await startThings(t, { ...pair(server), TLS_CLIENT_CA: ca.cert });
  const open = await startThings(t, pair(server));
  const { put } = callerOf(t, [strict.url, open.url], trusting);
  for (let count = 0; count < 4; count++) assert.equal((await put()).status, 200);
});

test('TLS 1.1 and plain HTTP are refused, and the log says so', async (t) => {
  const { port, url, lines } = await startThings(t, pair(server));
  const old = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' } as const;
  await assert.rejects(ask(port, '/livez', old), /protocol version/);
  await assert.rejects(fetch(`${url.replace('https', 'http')}/livez`));
  await eventually('the lines', async () => {
    const said = lines.join();
    return /speaks HTTP without TLS/.test(said) && /speaks no TLS 1.2 or newer/.test(said);
  });
  assert.equal((await ask(port, '/livez')).status, 200);
});

/** Writes files as cert-manager and editors do: a new one takes the place of the old one. */
async function openFolder(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-tls-'));
  t.after(() => rm(folder, { recursive: true }));
  return async (name: string, text: string) => {
    await writeFile(join(folder, 'draft'), text);
    await rename(join(folder, 'draft'), join(folder, name));
    return join(folder, name);
  };
}

test('a renewed certificate is taken over, a broken pair is not', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const write = await openFolder(t);
  const certificate = await write('tls.crt', server.cert);
  const { port, lines } = await startThings(t, {
    TLS_CERTIFICATE_FILE: certificate,
    TLS_KEY_FILE: await write('tls.key', server.private),
  });
  const { serial } = await ask(port, '/livez');
  const look = () => t.mock.timers.tick(RENEWAL_MS);
  const isOld = async () => assert.equal((await ask(port, '/livez')).serial, serial);

  look();
  const renewed = await createCertificate('localhost', { ca });
  await write('tls.crt', renewed.cert);
  look();
  look();
  await isOld();
  assert.equal(lines.filter((line) => line.includes('renewed')).length, 1);
  assert.match(lines.join(), /cannot be renewed: TLS_KEY is not the key of TLS_CERTIFICATE/);
  await write('tls.crt', 'no certificate');
  look();
  await isOld();
  await rm(certificate);
  look();
  assert.match(lines.at(-1) ?? '', /cannot be renewed: TLS_CERTIFICATE_FILE names .*ENOENT/);
  const expired = await createCertificate('localhost', { ca, until: past });
  await write('tls.crt', expired.cert);
  await write('tls.key', expired.private);
  look();
  assert.match(lines.at(-1) ?? '', /cannot be renewed: TLS_CERTIFICATE has expired/);
  await isOld();

  await write('tls.key', renewed.private);
  await write('tls.crt', renewed.cert);
  look();
  assert.match(lines.at(-1) ?? '', /\(TLS_CERTIFICATE\) was renewed/);
  assert.notEqual((await ask(port, '/livez')).serial, serial);
});

test('an authority is replaced while both are trusted, on both sides', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const write = await openFolder(t);
  const look = () => t.mock.timers.tick(RENEWAL_MS);
  const { url } = await startThings(t, {
    TLS_CERTIFICATE_FILE: await write('tls.crt', server.cert),
    TLS_KEY_FILE: await write('tls.key', server.private),
    TLS_CLIENT_CA_FILE: await write('ca.crt', ca.cert),
  });
  const { put } = callerOf(t, [url], {
    SERVICES_TLS_CA_FILE: await write('ca.crt', ca.cert),
    SERVICES_TLS_CERTIFICATE_FILE: await write('client.crt', caller.cert),
    SERVICES_TLS_KEY_FILE: await write('client.key', caller.private),
  });
  const works = async () => assert.equal((await put()).status, 200);
  await works();
  await write('ca.crt', `${ca.cert}\n${other.cert}`);
  look();
  await works();
  const next = await createCertificate('localhost', { ca: other });
  await write('tls.crt', next.cert);
  await write('tls.key', next.private);
  look();
  await works();
  const nextCaller = await createCertificate('gateway', { ca: other });
  await write('client.crt', nextCaller.cert);
  await write('client.key', nextCaller.private);
  look();
  await works();
  await write('ca.crt', other.cert);
  look();
  await works();
  // Another caller, without connections of before.
  const late = callerOf(t, [url], { ...trusting, ...client(caller) });
  assert.match(await late.faultOf(), /SERVICES_TLS_CA does not name/);
  await write('ca.crt', ca.cert);
  look();
  const { faultOf: lateFault } = callerOf(t, [url], {
    SERVICES_TLS_CA: other.cert,
    ...client(nextCaller),
  });
  assert.match(await lateFault(), /refuses our client certificate/);
});

test('settings that contradict each other stop the start', () => {
  const weak = { TLS_CERTIFICATE: server.cert, TLS_KEY: caller.private };
  for (const [env, expected] of [
    [weak, ['TLS_KEY is not the key of TLS_CERTIFICATE']],
    [{ TLS_KEY: server.private }, [/^TLS_CERTIFICATE is not set: TLS_KEY is/]],
    [{ TLS_CERTIFICATE: server.cert }, [/^TLS_KEY is not set: TLS_CERTIFICATE is/]],
    [{ TLS_CLIENT_CA: ca.cert }, [/^TLS_CERTIFICATE is not set: TLS_CLIENT_CA is/]],
    [{ ...pair(server), TLS_KEY: 'x' }, [/^TLS_KEY must be a private key in PEM/]],
  ] as const) {
    const problems = problemsOf(ListenerSettings, env);
    assert.equal(problems.length, expected.length, problems.join());
    for (const [index, text] of expected.entries()) {
      assert.match(problems[index] ?? '', new RegExp(text));
    }
  }
  const calls = { THINGS_URL: 'https://a', SERVICES_TLS_KEY: caller.private };
  assert.match(problemsOf(CallSettings, calls).join(), /^SERVICES_TLS_CERTIFICATE is not set/);
  const certificate = caller.cert.replaceAll('\n', '\\n');
  assert.deepEqual(
    problemsOf(CallSettings, { ...calls, SERVICES_TLS_CERTIFICATE: certificate }),
    [],
  );
});

test('http beyond this machine needs ALLOW_PLAIN_HTTP', () => {
  const allow = { ALLOW_PLAIN_HTTP: 'true' };
  for (const url of [
    'http://orders',
    'http://10.0.0.1:1',
    'http://127.0.0.1.nip.io',
    'http://0.0.0.0:1',
    'http://[::ffff:127.0.0.1]:1',
    'http://localhost.example',
    'http://a.localhost',
    'HTTP://ORDERS',
    'http://127.0.0.1:1,http://[fd00::1]:1',
  ]) {
    const [line = '', ...more] = problemsOf(CallSettings, { THINGS_URL: url });
    assert.match(line, /^THINGS_URL must be https:\/\/.*ALLOW_PLAIN_HTTP=true allows it$/, url);
    assert.deepEqual(more, []);
    assert.deepEqual(problemsOf(CallSettings, { THINGS_URL: url, ...allow }), []);
  }
  for (const url of [
    'https://orders',
    'http://127.0.0.1:1',
    'http://127.9.8.7',
    'http://127.1',
    'http://localhost:1,http://[::1]:1',
    'http://LOCALHOST',
  ]) {
    assert.deepEqual(problemsOf(CallSettings, { THINGS_URL: url }), [], url);
  }
});
