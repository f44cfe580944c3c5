import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createTestDatabaseUrl, openDatabase, queryRows } from '#harness/database.ts';
import { openStack, startPostgresServer } from '#harness/system/postgres-server.ts';
import { createRoleDatabases } from '#harness/system/role-databases.ts';
import { AppError, commonProblems } from '../errors.ts';
import {
  AUDIT_MIGRATIONS,
  type AuditEntry,
  type AuditQuery,
  listAuditTrail,
  recordAudit,
  recordRead,
} from './audit-trail.ts';
import type { Queryable } from './database.ts';
import { migrate } from './migrate.ts';

const ENTRY: AuditEntry = {
  actor: 'olga',
  action: 'top-up',
  subject: { customerId: 'anna' },
  reason: 'asked by anna@example.com',
  before: { balance: { amount: 0, currency: 'RUB' } },
  after: { balance: { amount: 5, currency: 'RUB' }, open: true, state: null },
};

async function openTrail(t: TestContext) {
  const url = await createTestDatabaseUrl(t, () => database.close());
  const database = openDatabase(url, 2);
  await migrate(database, AUDIT_MIGRATIONS);
  return database;
}

async function list(database: Queryable, query: Partial<AuditQuery> = {}) {
  return (await listAuditTrail(database, { limit: 10, ...query })).entries;
}

const CHANGES = [
  `update audit_trail set reason = null`,
  `delete from audit_trail`,
  `truncate audit_trail`,
  `insert into audit_trail (id, action, subject, subject_ids)
    select id, action, subject, subject_ids from audit_trail
    on conflict (id) do update set reason = 'x'`,
];

test('an entry is read as it was recorded, its addresses masked', async (t) => {
  const database = await openTrail(t);
  await recordAudit(database, ENTRY);
  const [entry] = await list(database);
  const { id, at, traceId, ...rest } = entry ?? assert.fail('no entry');
  assert.deepEqual(rest, { ...ENTRY, reason: 'asked by a***@example.com' });
  assert.match(`${id} ${at} ${traceId}`, /^[0-9a-f-]{36} \d{4}-\S+Z [0-9a-f]{32}$/);
});

test('the list filters by actor, action and any id of the subject, and goes back by id', async (t) => {
  const database = await openTrail(t);
  const subject = { customerId: 'boris', orderId: 'b' };
  await recordAudit(database, ENTRY);
  await recordAudit(database, { ...ENTRY, action: 'reverse-top-up', subject });
  await recordAudit(database, { ...ENTRY, actor: null, subject });
  const idsOf = async (query: object) => (await list(database, query)).map(({ id }) => id);
  const all = await list(database, {});
  const [first, second, third] = [
    all.find(({ actor, action }) => actor === 'olga' && action === 'top-up')?.id,
    all.find(({ action }) => action === 'reverse-top-up')?.id,
    all.find(({ actor }) => actor === null)?.id,
  ] as [string, string, string];
  // Ids of one millisecond are in any order.
  const newestFirst = (...ids: string[]) => ids.sort().reverse();
  const ids = newestFirst(first, second, third);
  assert.deepEqual(await idsOf({}), ids);
  assert.deepEqual(await idsOf({ actor: 'olga' }), newestFirst(first, second));
  assert.deepEqual(await idsOf({ action: 'top-up' }), newestFirst(first, third));
  assert.deepEqual(await idsOf({ subject: 'b', actor: 'olga' }), [second]);
  assert.deepEqual(await idsOf({ before: ids[1] }), [ids[2]]);
  assert.deepEqual(await idsOf({ limit: 1 }), [ids[0]]);
});

test('a page ends at its bytes, says that there is more, and leads to every entry', async (t) => {
  const database = await openTrail(t);
  const states = Object.fromEntries(
    Array.from({ length: 15 }, (_, index) => [`state${index}`, 'x'.repeat(250)]),
  );
  for (let count = 0; count < 60; count++) {
    await recordAudit(database, { ...ENTRY, before: states, after: states });
  }
  const seen: string[] = [];
  let page: Awaited<ReturnType<typeof listAuditTrail>> | undefined;
  do {
    const before = seen.at(-1);
    page = await listAuditTrail(database, { limit: 60, ...(before !== undefined && { before }) });
    assert.ok(page.entries.length > 0);
    const bytes = Buffer.byteLength(JSON.stringify(page.entries));
    assert.ok(bytes < 300 * 1024, `${bytes} bytes`);
    seen.push(...page.entries.map(({ id }) => id));
  } while (page.more);
  assert.equal(new Set(seen).size, 60);
  // As many as asked for, and none behind them.
  assert.equal(
    (await listAuditTrail(database, { limit: 1, before: seen.at(-2) as string })).more,
    false,
  );
  assert.equal(
    (await listAuditTrail(database, { limit: 1, before: seen.at(-3) as string })).more,
    true,
  );
});

test('an action that fails leaves no entry', async (t) => {
  const database = await openTrail(t);
  const failing = database.transaction(async (tx) => {
    await recordAudit(tx, ENTRY);
    throw new AppError(commonProblems.notFound, 'the action fails');
  });
  await assert.rejects(failing, /the action fails/);
  assert.deepEqual(await list(database), []);
});

test('a text of a person cannot be recorded', async (t) => {
  const database = await openTrail(t);
  for (const change of [
    { subject: { name: 'Анна' } },
    { before: { item: 'a red book' } },
    { after: { text: 'line\nbreak' } },
    { action: 'Top up' },
  ]) {
    await assert.rejects(recordAudit(database, { ...ENTRY, ...change }), /audit trail/);
  }
  const long = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`n${i}`, 'x'.repeat(200)]));
  await assert.rejects(recordAudit(database, { ...ENTRY, after: long }), { code: '23514' });
  assert.deepEqual(await list(database), []);
});

test('a read is recorded once for the same operator and subject, and not for customers', async (t) => {
  const database = await openTrail(t);
  const read = { actor: 'olga', action: 'read-letter', subject: { letterId: 'l' } };
  for (const change of [{}, {}, { actor: 'vera' }, { subject: { letterId: 'm' } }]) {
    await recordRead(database, { ...read, ...change });
  }
  await recordRead(database, { ...read, actor: null });
  const entries = await list(database);
  const shown = entries.map(({ actor, subject }) => `${actor} ${subject.letterId}`);
  assert.deepEqual(shown.sort(), ['olga l', 'olga m', 'vera l']);
});

test('the owner of the table cannot change an entry either', async (t) => {
  const database = await openTrail(t);
  await recordAudit(database, ENTRY);
  for (const change of CHANGES) {
    await assert.rejects(database.query(change), { code: '42501' }, change);
  }
  assert.equal((await list(database)).length, 1);
});

test('the role of a service may add and read entries only', async (t) => {
  const open = openStack(t);
  const server = await startPostgresServer(open);
  const databases = await createRoleDatabases(server, ['billing']);
  const owner = openDatabase(databases.env.BILLING_MIGRATION_DATABASE_URL as string, 2);
  await migrate(owner, AUDIT_MIGRATIONS);
  // Without the trigger, so that the rights alone refuse.
  await owner.query('alter table audit_trail disable trigger audit_trail_append_only');
  await owner.close();
  const url = databases.databaseUrl('billing');
  // The SQL of the roles may run again at any time.
  for (const again of [false, true]) {
    if (again) await databases.prepare();
    const service = openDatabase(url, 1);
    await recordAudit(service, ENTRY);
    assert.equal((await list(service)).length, again ? 2 : 1);
    await service.close();
    for (const change of CHANGES) {
      await assert.rejects(queryRows(url, change), { code: '42501' }, change);
    }
  }
});
