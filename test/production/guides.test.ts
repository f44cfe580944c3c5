import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort } from '#dev/files/free-port.ts';
import { ensureKafkaJars } from '#dev/kafka/jars.ts';
import { startMailbox } from '#dev/mailbox/mailbox.ts';
import { DATABASES, databaseSetting } from '#dev/system/databases.ts';
import { embeddedTopic } from '#harness/broker/embedded-topic.ts';
import { queryRows, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { untilQuiet } from '#harness/oracle/oracle.ts';
import { call } from '#harness/requests.ts';
import { openOwnKafka, skipWithoutOwnKafka } from '#harness/system/own-kafka.ts';
import {
  openStack,
  POSTGRES_15,
  type PostgresServer,
  skipWithoutPostgres15,
  startPostgresServer,
} from '#harness/system/postgres-server.ts';
import { openTestSystem, orderOf, PASSWORD, type TestCustomer } from '#harness/system/system.ts';
import { ROOT } from '../doc-pages.ts';
import { openShell } from '../doc-shell.ts';
import {
  blockWith,
  fillIn,
  type GuideBlock,
  guideBlocks,
  nameOf,
  type Replacement,
} from '../guides.ts';

// Every block of docs/how-to is run here as the page has it, or is listed with the reason why not.

const MANIFESTS =
  'needs a container engine or a cluster; test/production/manifests.test.ts checks the files';
const NOT_RUN: [page: string, text: string, why: string][] = [
  [
    'receive-webhooks.md',
    'npm run orderbell -- operator webhooks add',
    'its address is on no machine; cli/webhooks.test.ts runs the command',
  ],
  [
    'receive-webhooks.md',
    'curl',
    'its answer goes on at a receiver; test/system/webhooks.test.ts sends the request',
  ],
  ['own-kafka.md', 'npm run kafka', 'needs two terminals; dev/kafka/kafka.test.ts runs it'],
  ['run-in-production.md', 'git clone', 'the test has the code'],
  [
    'run-in-production.md',
    'systemctl',
    'needs systemd; test/production/systemd.test.ts checks the units',
  ],
  ['run-on-kubernetes.md', 'docker build', MANIFESTS],
  [
    'run-on-kubernetes.md',
    'kubectl apply --kustomize deploy/kubernetes/example\nkubectl --names',
    MANIFESTS,
  ],
  ['run-on-kubernetes.md', 'kubectl --namespace orderbell delete job', MANIFESTS],
  ['run-with-compose.md', 'npm run new-installation -- --compose\ndocker', MANIFESTS],
  ['run-with-compose.md', 'docker compose --profile issuer', MANIFESTS],
  [
    'traces-and-logs.md',
    'register services',
    'never ends; test/production/traces.test.ts starts a service so',
  ],
];

const isListed = (block: GuideBlock) =>
  NOT_RUN.some(([page, text]) => page === block.page && block.text.includes(text));

/** Where each block that was run begins. */
const run = new Set<string>();
const placeOf = ({ page, line }: GuideBlock) => `${page}:${line}`;

const TREE = [
  'cli',
  'console',
  'contracts',
  'deploy',
  'dev',
  'node_modules',
  'package.json',
  'platform',
  'services',
];
const DATABASE_PASSWORD = 'of-the-role';

// A loop that ends by `|| break` has the status 0. Services that a block started end with the shell.
const PRELUDE = `break() { exit 1; }
trap 'if [ -n "$(jobs -p)" ]; then kill $(jobs -p); wait; fi' EXIT
`;

/** A folder with links to the code, in which the guides may write files. */
async function linkTree(open: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-guides-'));
  open.defer(() => rm(folder, { recursive: true, force: true }));
  const parts = TREE.map((name) => symlink(join(ROOT, name), join(folder, name)));
  await Promise.all(parts);
  return folder;
}

/** A reader of the guides: a folder with the code, and a shell in it. */
async function openReader(
  t: TestContext,
  folder: string,
  env: Record<string, string>,
  values: Replacement[],
  prelude = '',
) {
  const PATH = [dirname(process.execPath), POSTGRES_15, process.env.PATH].join(delimiter);
  const shell = await openShell(t, {
    env: { LANG: 'C.UTF-8', ...env, PATH },
    cwd: folder,
    prelude: PRELUDE + prelude,
  });
  /** Types a block. @returns what it printed */
  async function type(block: GuideBlock, more: Replacement[] = [], input = 'y\n') {
    const commands = fillIn(block, [...more, ...values]);
    const { printed, errors } = await shell.run(nameOf(block), commands, input);
    // psql may go on after an error.
    assert.doesNotMatch(errors, /^(psql:.*)?(ERROR|FATAL):/m, nameOf(block));
    run.add(placeOf(block));
    return printed;
  }
  return {
    file: (name: string) => join(folder, name),
    /** Types a line of the test's own. */
    prepare: (commands: string) => shell.run('the preparation', `${commands}\n`),
    type,
    sh: (page: string, text: string, more: Replacement[] = []) => type(blockWith(page, text), more),
    /** Runs a block of SQL by psql. */
    sql(page: string, text: string, url: string, more: Replacement[] = []) {
      const block = blockWith(page, text);
      const command = `psql -X -v ON_ERROR_STOP=1 '${url}' <<'SQL'`;
      return type({ ...block, text: `${command}\n${block.text}SQL\n` }, more);
    },
  };
}

const place = async ({ call }: TestCustomer, price: number): Promise<string> => {
  const key = { 'idempotency-key': randomUUID() };
  const { status, body } = await call('POST', '/v1/orders', orderOf(price), key);
  assert.equal(status, 201, JSON.stringify(body));
  return body.id;
};

/** As from version 17 on, where the tools write a line that PostgreSQL 15 refuses. */
const NEWER_TOOLS = `write() { echo 'SET transaction_timeout = 0;'; }
pg_restore() { write; command pg_restore "$@"; }
pg_dump() { case "$*" in *' -f '*) ;; *) write ;; esac; command pg_dump "$@"; }
`;

/** The databases of own-postgresql.md, made by its blocks. */
async function openDatabases(
  t: TestContext,
  open: AsyncDisposableStack,
  server: PostgresServer,
  more: Record<string, string>,
) {
  const at = `127.0.0.1:${server.port}`;
  const ownerUrl = (name: string) => `postgres://${name}_owner:${DATABASE_PASSWORD}@${at}/${name}`;
  const databaseUrl = (name: string) => `postgres://${name}:${DATABASE_PASSWORD}@${at}/${name}`;
  const settings = DATABASES.filter((name) => name !== 'orders').flatMap((name) => [
    [databaseSetting(name), databaseUrl(name)],
    [`${name.toUpperCase()}_MIGRATION_DATABASE_URL`, ownerUrl(name)],
  ]);
  const env: Record<string, string> = Object.fromEntries(settings);
  const values: Replacement[] = [
    ['postgres://postgres@db.example', `postgres://postgres:superuser@${at}`],
    ['db.example', at],
    ['<password>', DATABASE_PASSWORD],
    ['?sslmode=verify-full', ''],
  ];
  const reader = await openReader(
    t,
    await linkTree(open),
    { ...env, ...more },
    values,
    NEWER_TOOLS,
  );
  const page = 'own-postgresql.md';
  await reader.prepare('set -a');
  await reader.sh(page, 'ORDERS_MIGRATION_DATABASE_URL');
  await reader.prepare('set +a');
  const makeRoles = () => reader.sh(page, 'database-roles');
  await makeRoles();
  const migrated = await reader.sh(page, 'migrate.ts');
  assert.equal(migrated.match(/is migrated: \d{4}-/g)?.length, DATABASES.length, migrated);
  for (const name of ['orders', 'orders_migration']) {
    const setting = `${name.toUpperCase()}_DATABASE_URL`;
    env[setting] = name === 'orders' ? databaseUrl(name) : ownerUrl('orders');
  }
  return { env, reader, databaseUrl, makeRoles };
}

async function typeWithPostgres(t: TestContext): Promise<void> {
  const open = openStack(t);
  const server = await startPostgresServer(open, {
    bin: POSTGRES_15,
    settings: ['wal_level = logical'],
  });
  const gatewayPort = await freePort();
  const url = `http://127.0.0.1:${gatewayPort}`;
  const { env, reader, databaseUrl, makeRoles } = await openDatabases(t, open, server, {
    ORDERBELL_URL: url,
  });
  const databases = { databaseUrl, close: async () => {} };
  const checksOnly = { ...env, MIGRATE_ON_START: 'false', GATEWAY_PORT: String(gatewayPort) };
  const system = await openTestSystem(open, checksOnly, { databases });
  const sources = {
    ...system,
    databaseUrl: server.urlOf,
    broker: embeddedTopic(server.urlOf('broker')),
  };
  assert.equal(system.url, url);
  const { token } = await system.operator();
  await reader.prepare(`export ORDERBELL_TOKEN=${token}`);
  const anna = await system.customer({ topUp: 100_000, name: 'Anna' });
  const boris = await system.customer({ name: 'Boris' });
  const older = await place(anna, 300);

  await t.test('debug-a-stuck-order.md and correct-money.md', async () => {
    const page = 'correct-money.md';
    await reader.sh('debug-a-stuck-order.md', 'operator pending');
    const journey = await reader.sh('debug-a-stuck-order.md', 'operator journey', [
      ['<order id>', older],
    ]);
    assert.match(journey, new RegExp(older));
    const email: Replacement = ['anna@example.com', boris.email];
    assert.match(await reader.sh(page, 'operator customers', [email]), /Boris/);
    await reader.sh(page, 'operator top-up', [email]);
    const [operation] = (await boris.call('GET', '/v1/wallet/operations')).body.data;
    assert.match(await reader.sh(page, 'operator operations', [email]), new RegExp(operation.id));
    await reader.sh(page, 'undo-top-up', [email, ['<operation id>', operation.id]]);
    assert.equal((await boris.call('GET', '/v1/wallet')).body.balance.amount, 0);
  });

  await t.test('own-smtp.md', async () => {
    const vera = await system.customer({ topUp: 1_000, name: 'Vera' });
    const profile = { email: 'refuse@example.com', name: 'Vera', locale: 'en' };
    assert.equal((await vera.call('PUT', '/v1/profile', profile)).status, 200);
    await place(vera, 100);
    await untilQuiet(sources);
    await vera.call('PUT', '/v1/profile', { ...profile, email: 'vera@example.com' });
    await reader.sh('own-smtp.md', 'operator resend', [['5.7.1', '5.1.1']]);
    await untilQuiet(sources);
    const [letter] = await queryRows(
      server.urlOf('notifications'),
      `select count(*)::int as failed from letters where state = 'failed'`,
    );
    assert.equal(letter?.failed, 0);
    const printed = await reader.sh('own-smtp.md', 'openssl');
    assert.match(printed, /^MII[\w+/=]{300,}$/m);
  });

  await t.test('publish-with-debezium.md', async () => {
    const page = 'publish-with-debezium.md';
    const admin = server.urlOf('orders');
    const values: Replacement[] = [['<database>', 'orders']];
    await reader.sql(page, 'create role orderbell_debezium', admin, values);
    const slot = `select pg_create_logical_replication_slot('orderbell_outbox', 'pgoutput')`;
    await queryRows(admin, slot);
    assert.match(await reader.sql(page, 'pg_wal_lsn_diff', admin), /\(1 row\)/);
    assert.match(await reader.sql(page, 'published_at is null', admin), /^\s*0$/m);
    await reader.sql(page, 'pg_drop_replication_slot', admin);
  });

  await t.test('back-up-and-restore.md', async () => {
    const page = 'back-up-and-restore.md';
    const { file } = reader;
    await untilQuiet(sources);
    await reader.sh(page, 'pg_dump');
    await rename(file('billing.dump'), file('older.dump'));
    const charged = await place(anna, 700);
    await boris.call('POST', '/v1/wallet/top-ups', { amount: { amount: 900, currency: 'RUB' } });
    const unproven = await place(boris, 900);
    await untilQuiet(sources);
    await reader.sh(page, 'pg_dump');
    await system.system.close();
    await rename(file('older.dump'), file('billing.dump'));
    for (const name of DATABASES) await server.query(`drop database ${name} with (force)`);
    await makeRoles();
    await reader.sh(page, 'pg_restore');
    await system.startReplica({ PORT: String(gatewayPort) });
    assert.equal((await anna.call('GET', '/v1/wallet')).body.balance.amount, 99_700);

    // Its commands end with 1: boris's wallet holds too little.
    const repair = blockWith(page, 'operator repairs');
    const printed = await reader.type({
      ...repair,
      text: `{\n${repair.text}} || true\n`,
    });
    assert.match(printed, new RegExp(charged));
    assert.match(printed, /billing restored to 11:40/);
    assert.equal((await anna.call('GET', '/v1/wallet')).body.balance.amount, 99_000);
    await reader.sh(page, '--write-off', [['<order id>', unproven]]);
    await reader.sh(page, 'operator verify');

    const customer = randomUUID();
    const account = blockWith(page, 'update account');
    await writeFile(file('account.sql'), account.text);
    run.add(placeOf(account));
    await reader.sh(page, 'account.sql', [
      ['anna@example.com', boris.email],
      ['<customer id>', customer],
    ]);
    const [found] = await queryRows(
      server.urlOf('identity'),
      `select id from "user" where email = $1`,
      [boris.email],
    );
    assert.equal(found?.id, customer);
  });

  await t.test('run-in-production.md: the data of the default set-up', async () => {
    const other = await startPostgresServer(open, { bin: POSTGRES_15 });
    for (const name of DATABASES) {
      await other.query(`create role ${name}_owner login password '${DATABASE_PASSWORD}'`);
      await other.query(`create database ${name} owner ${name}_owner`);
    }
    await reader.sh('run-in-production.md', '$PORT/$name', [
      ['$PASSWORD', 'superuser'],
      ['$PORT', String(server.port)],
      [':…@', `:${DATABASE_PASSWORD}@`],
      ['<password>', DATABASE_PASSWORD],
      ['db.example', `127.0.0.1:${other.port}`],
    ]);
    const [moved] = await queryRows(
      other.urlOf('orders'),
      'select count(*)::int as orders from orders',
    );
    assert.equal(moved?.orders, 4);
  });

  await t.test('rotate-secrets.md', async () => {
    const page = 'rotate-secrets.md';
    await reader.sql(page, 'create role orders_b', server.urlOf('orders'));
    const second = databaseUrl('orders').replace('//orders:', '//orders_b:');
    assert.equal(
      (await queryRows(second, 'select current_user as role from orders'))[0]?.role,
      'orders',
    );
    assert.match(await reader.sql(page, 'interval', databaseUrl('identity')), /^UPDATE [1-9]/m);
    assert.match(
      await reader.sql(page, 'delete from jwks', databaseUrl('identity')),
      /^DELETE [1-9]/m,
    );
  });
}

const PORTS = /\b(?:808|946)\d\b/g;

/** Moves the ports that the guides name to a range that neither a system nor `freePort` hands out. */
function movePorts(): (port: string) => string {
  const base = 32_000 + 100 * randomInt(7);
  return (port) => String(base + (Number(port) % 100));
}

/** Kafka's own tools, as functions of a shell. */
async function kafkaTools(): Promise<string> {
  const tools = await ensureKafkaJars(join(ROOT, '.orderbell'), 'tools');
  const jars = `${tools}/*:${process.env.TEST_KAFKA_JARS}/*`;
  const classes = {
    'kafka-topics.sh': 'TopicCommand',
    'kafka-acls.sh': 'AclCommand',
    'kafka-consumer-groups.sh': 'consumer.group.ConsumerGroupCommand',
  };
  const java = `java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp '${jars}' org.apache.kafka.tools`;
  return Object.entries(classes)
    .map(([name, command]) => `${name}() { ${java}.${command} "$@"; }\n`)
    .join('');
}

/** Clicks the link that confirms an address, in the only letter so far. */
async function openLink(mailboxUrl: string, consoleUrl: string): Promise<void> {
  const token = await eventually('the link', async () => {
    const answer = await fetch(`${mailboxUrl}/mailbox/messages/1`);
    const { text = '' } = (await answer.json()) as { text?: string };
    const [, origin, found] = /(http:\/\/\S+)\/confirm#([\w-]{43})/.exec(text) ?? [];
    if (found !== undefined) assert.equal(origin, consoleUrl);
    return found;
  });
  assert.equal((await fetch(`${consoleUrl}/confirm`)).status, 200);
  const { status } = await call(consoleUrl, 'POST', '/v1/confirmations', { body: { token } });
  assert.equal(status, 200);
}

async function typeWithKafka(t: TestContext): Promise<void> {
  const open = openStack(t);
  const page = 'run-in-production.md';
  const folder = await linkTree(open);
  const server = await startPostgresServer(open, { bin: POSTGRES_15 });
  const kafka = await openOwnKafka({
    properties: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    },
  });
  open.defer(kafka.close);
  const mailbox = await startMailbox({
    file: join(folder, 'mailbox.sqlite'),
    smtpPort: 0,
    httpPort: 0,
    log: testLog,
  });
  open.defer(() => mailbox.close());
  const portOf = movePorts();
  const env = { ORDERBELL_URL: `http://127.0.0.1:${portOf('8080')}` };
  const values: Replacement[] = [
    [
      'host=db.example port=5432 user=postgres',
      `host=127.0.0.1 port=${server.port} user=postgres password=superuser`,
    ],
    ['db.example:5432', `127.0.0.1:${server.port}`],
    ['kafka.example:9092', kafka.address],
    [/smtp:\/\/(user:password@mail\.example:587|mail\.example:587)/g, mailbox.smtpUrl],
    [/ *--issuer .*\\\n/g, ''],
    [/ --issuer .*/g, ''],
    ['--out deploy/kubernetes/example/installation', '--out kubernetes'],
    ['<your address>', 'anna@shop.test'],
    ['shop.example', 'shop.test'],
    ['--replication-factor 3 --config min.insync.replicas=2', '--replication-factor 1'],
    [PORTS, portOf],
  ];
  const reader = await openReader(t, folder, env, values, await kafkaTools());
  await reader.sh('run-on-kubernetes.md', 'npm run new-installation');
  assert.match(
    await readFile(reader.file('kubernetes/settings.env'), 'utf8'),
    /^PUBLIC_URL=https:/m,
  );
  const steps = guideBlocks.filter(
    (block) => block.page === page && !isListed(block) && !block.text.includes('$PORT/$name'),
  );
  for (const block of steps) {
    const isSignUp = block.text.includes('orderbell -- register');
    const printed = await reader.type(block, [], isSignUp ? `${PASSWORD}\n` : '');
    if (block.text.includes('/readyz')) assert.match(printed, /^(\d+ 200\n)+$/);
    if (isSignUp) await openLink(mailbox.httpUrl, env.ORDERBELL_URL);
    if (!block.text.includes('new-installation')) continue;
    const text = await readFile(reader.file('installation/.env'), 'utf8');
    await writeFile(reader.file('installation/.env'), text.replaceAll(PORTS, portOf));
  }
  await eventually('the letter', async () => {
    const log = await readFile(reader.file('installation/notifications.log'), 'utf8');
    return log.includes('letter sent');
  });
  const messages = await fetch(`${mailbox.httpUrl}/mailbox/messages`);
  assert.match(await messages.text(), /anna@shop\.test/);
  // Its line is logged before its state is stored.
  await eventually('its state', async () => {
    const [letter] = await queryRows(server.urlOf('notifications'), 'select * from letters');
    return letter?.state === 'sent';
  });
  const [profile] = await queryRows(server.urlOf('profiles'), 'select * from profiles');
  assert.equal(typeof profile?.email_confirmed_at, 'object');
  assert.notEqual(profile?.email_confirmed_at, null);

  const [order] = await queryRows(server.urlOf('orders'), 'select id from orders');
  await reader.sh('traces-and-logs.md', 'OTEL_TRACES_SAMPLER', [['collector:', '127.0.0.1:']]);
  const lines = await reader.sh('traces-and-logs.md', 'grep', [
    [/[\da-f-]{36}/g, String(order?.id)],
    ['*.log', 'installation/*.log'],
  ]);
  assert.match(lines, /published to orders/);
  assert.match(lines, /letter sent/);
  const rotated = await reader.sh('rotate-secrets.md', 'npm run rotate');
  assert.match(rotated, /Step 1 of 3 is done/);
  const group = await reader.sh('own-kafka.md', 'kafka-consumer-groups.sh');
  assert.match(group, /^notifications +orders /m);
  await reader.prepare('kill $(jobs -p); wait');
  const reset = await reader.sh('back-up-and-restore.md', 'kafka-consumer-groups.sh');
  assert.match(reset, /^notifications +orders +\d/m);
  const rights = await reader.sh('own-kafka.md', 'kafka-acls.sh');
  assert.match(rights, /principal=User:notifications, host=\*, operation=READ/);
  await reader.prepare(
    'kafka-topics.sh --bootstrap-server "$KAFKA_BROKERS" --delete --topic orders',
  );
  await reader.sh('own-kafka.md', 'kafka-topics.sh');
}

async function typeCompose(t: TestContext): Promise<void> {
  const open = openStack(t);
  const reader = await openReader(t, await linkTree(open), {}, []);
  await reader.prepare('npm run new-installation -- --compose');
  await reader.sh('run-with-compose.md', 'installation/.env');
  await reader.prepare('test -n "$OPERATOR_EMAIL" && test -n "$OPERATOR_PASSWORD"');
}

const skipWithoutServers = skipWithoutPostgres15 || skipWithoutOwnKafka;

// Together: each shell waits most of the time for one program at a time.
test('the guides do what they say', { concurrency: true }, async (t) => {
  await Promise.all([
    t.test('on PostgreSQL 15', { skip: skipWithoutPostgres15 }, typeWithPostgres),
    t.test('the 12 steps lead to a letter', { skip: skipWithoutServers }, typeWithKafka),
    t.test('the settings of run-with-compose.md fill a shell', typeCompose),
  ]);
});

test('every block of the guides is run, or is listed with a reason', {
  skip: skipWithoutServers,
}, () => {
  for (const [page, text] of NOT_RUN) blockWith(page, text);
  const isRun = (block: GuideBlock) => run.has(placeOf(block));
  const wrong = guideBlocks.filter((block) => isRun(block) === isListed(block));
  assert.deepEqual(wrong.map(nameOf), []);
});
