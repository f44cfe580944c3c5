import assert from 'node:assert/strict';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { createCertificate } from '#harness/certificate.ts';
import { migrationsOf, testServerUrl } from '#harness/database.ts';
import { openStack, serverUser, startPostgresServer } from '#harness/system/postgres-server.ts';
import { AppError, describeError } from '#platform/errors.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { openDatabase } from '#platform/postgres/service-database.ts';

const PROFILES = { name: 'profiles', connectionsMax: 4, migrations: [migrationsOf('profiles')] };

/** A server that takes passwords over TLS only, and the files of its certificate. */
async function startSecureServer(open: AsyncDisposableStack) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-tls-'));
  open.defer(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o755);
  const fileOf = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    const user = await serverUser();
    if (user) await chown(join(folder, name), user.uid, user.gid);
    return join(folder, name);
  };
  const authority = await createCertificate('authority');
  const own = await createCertificate('localhost', { ca: authority });
  const server = await startPostgresServer(open, {
    settings: [
      'ssl = on',
      `ssl_cert_file = '${await fileOf('server.pem', own.cert)}'`,
      `ssl_key_file = '${await fileOf('server.key', own.private)}'`,
    ],
    access: [
      'host all postgres 127.0.0.1/32 scram-sha-256',
      'hostssl all all 127.0.0.1/32 scram-sha-256',
    ],
  });
  await server.query("create role profiles login password 'secret'");
  await server.query('create database profiles owner profiles');
  return {
    server,
    authority: await fileOf('authority.pem', authority.cert),
    other: await fileOf('other.pem', (await createCertificate('another-authority')).cert),
    empty: await fileOf('empty.pem', 'no certificate'),
    missing: join(folder, 'missing.pem'),
  };
}

/** Lines of a start, and how it ended. */
async function startOn(url: string) {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  const config = { PROFILES_DATABASE_URL: url };
  const outcome = await openDatabase(PROFILES, config, { log }).then(
    (database) => database.close(),
    (error: unknown) => describeError(error),
  );
  return { outcome, lines };
}

test('a start names each fault of TLS, sign-in and URL at once, in one line without a secret', async (t) => {
  const open = openStack(t);
  const { server, authority, other, empty, missing } = await startSecureServer(open);
  const urlOf = (query: string, { host = 'localhost', user = 'profiles:secret' } = {}) =>
    `postgres://${user}@${host}:${server.port}/profiles?${query}`;
  const trusted = `sslmode=verify-full&sslrootcert=${authority}`;
  const plain = new URL(testServerUrl());
  plain.search = 'sslmode=verify-full';
  const faults: [url: string, line: RegExp][] = [
    [urlOf(`sslmode=require&sslrootcert=${other}`), /TLS failed \(\w+\): the URL's sslrootcert/],
    [urlOf('sslmode=require'), /TLS failed \(\w+\)/],
    [urlOf(`sslmode=verify-full&sslrootcert=${empty}`), /TLS failed \(\w+\)/],
    [urlOf(`sslmode=verify-full&sslrootcert=${missing}`), /the file .*missing\.pem that the URL/],
    [urlOf(`${trusted}&sslcert=${empty}&sslkey=${empty}`), /a certificate or key .* is unusable/],
    [urlOf(trusted, { host: '127.0.0.1' }), /the host of the URL is not in the server's cert/],
    [urlOf('sslmode=disable'), /it admits no such connection \(pg_hba\.conf/],
    [urlOf(trusted, { user: 'profiles:wrong' }), /user or password are wrong/],
    [urlOf(trusted, { user: 'profiles' }), /user or password are wrong, or the URL lacks them/],
    [urlOf(trusted).replace('/profiles?', '/nothing?'), /it has no such database/],
    [plain.href, /it offers no TLS, which the URL asks for/],
  ];
  for (const [url, line] of faults) {
    const { outcome, lines } = await startOn(url);
    assert.match(String(outcome), /^the database [\w.]+:\d+\/\w+ refuses us: /);
    assert.match(String(outcome), line);
    assert.doesNotMatch(String(outcome), /secret|\n/);
    assert.deepEqual(lines, [], 'it was not repeated');
  }
  assert.deepEqual(await startOn(urlOf(trusted)), { outcome: undefined, lines: [] });
});

test('a fault of TLS at run time is unavailable, and the log gets its cause', async (t) => {
  const url = new URL(testServerUrl());
  url.search = 'sslmode=verify-full';
  const log = pino({ level: 'silent' });
  const options = { url: url.href, connectionsMax: 1, applicationName: 'test', log };
  const database = createDatabase(options);
  t.after(() => database.close());
  await assert.rejects(database.query('select 1'), (error) => {
    assert.ok(error instanceof AppError && error.problem.kind === 'unavailable');
    assert.match(describeError(error), /^the database refuses us: it offers no TLS/);
    return true;
  });
});
