import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { createTestDatabaseUrl } from '#harness/database.ts';
import { createInbox, inboxTable, REPEATED } from './inbox.ts';

/** A database with an empty inbox and a table for effects. */
async function open(t: TestContext, options?: { table?: string }) {
  const open = new AsyncDisposableStack();
  const connectionString = await createTestDatabaseUrl(t, () => open.disposeAsync());
  const pool = new pg.Pool({ connectionString, max: 4 });
  // `end` does not wait for the connections to be closed, and a dropped database ends them.
  pool.on('error', () => {});
  open.defer(() => pool.end());
  await pool.query('create table effects (event_id text)');
  const inbox = createInbox<pg.PoolClient>(pool, options);
  const effect = (id: string) => (tx: pg.PoolClient) =>
    tx.query('insert into effects values ($1)', [id]);
  return {
    pool,
    inbox,
    effect,
    async effects() {
      const { rows } = await pool.query('select event_id from effects order by 1');
      return rows.map(({ event_id }) => event_id);
    },
  };
}

test('an event has its effect once, however often it comes', async (t) => {
  const { inbox, effect, effects } = await open(t);
  await inbox.ensureTable();
  await inbox.ensureTable();
  const id = randomUUID();
  assert.equal(((await inbox.once(id, effect(id))) as pg.QueryResult).rowCount, 1);
  assert.equal(await inbox.once(id, effect(id)), REPEATED);
  assert.deepEqual(await effects(), [id]);
});

test('of many at once with one id, one has an effect', async (t) => {
  const { inbox, effect, effects } = await open(t);
  await Promise.all([1, 2, 3].map(() => inbox.ensureTable()));
  const id = randomUUID();
  const results = await Promise.all(Array.from({ length: 12 }, () => inbox.once(id, effect(id))));
  assert.equal(results.filter((result) => result !== REPEATED).length, 1);
  assert.deepEqual(await effects(), [id]);
});

test('an effect that fails leaves nothing, so that the event is handled when it comes again', async (t) => {
  const { inbox, effect, effects, pool } = await open(t);
  await inbox.ensureTable();
  const id = randomUUID();
  const failing = inbox.once(id, async (tx) => {
    await effect(id)(tx);
    throw new Error('no paper');
  });
  await assert.rejects(failing, /no paper/);
  assert.deepEqual(await effects(), []);
  await inbox.once(id, effect(id));
  assert.deepEqual(await effects(), [id]);
  assert.equal(pool.waitingCount + pool.totalCount - pool.idleCount, 0);
});

test('a connection that breaks during the effect is thrown away, and the process lives', async (t) => {
  const { inbox, effect, effects, pool } = await open(t);
  await inbox.ensureTable();
  const id = randomUUID();
  const broken = inbox.once(id, async (tx) => {
    await effect(id)(tx);
    await tx.query('select pg_terminate_backend(pg_backend_pid())');
  });
  await assert.rejects(broken, /terminat/i);
  for (let call = 0; call < 8; call++) await pool.query('select 1');
  await inbox.once(id, effect(id));
  assert.deepEqual(await effects(), [id]);
});

test('a table of another name is made by its statement', async (t) => {
  const { inbox, effect, effects, pool } = await open(t, { table: 'shop.seen_events' });
  await pool.query('create schema shop');
  await pool.query(inboxTable('shop.seen_events'));
  await inbox.once('a', effect('a'));
  assert.equal(await inbox.once('a', effect('a')), REPEATED);
  assert.deepEqual(await effects(), ['a']);
  // Without the types of `pg`.
  const plain = createInbox(pool, { table: 'shop.seen_events' });
  assert.deepEqual(await plain.once('b', async (tx) => (await tx.query('select 1 as n')).rows), [
    { n: 1 },
  ]);
  assert.throws(() => createInbox(pool, { table: 'x; drop table y' }), /no plain table name/);
});
