import assert from 'node:assert/strict';
import { hash, randomUUIDv7 } from 'node:crypto';
import { DATABASES, type System } from '#dev/system/system.ts';
import { queryRows } from '../database.ts';
import { eventually } from '../eventually.ts';
import { LEDGER_VIOLATIONS } from '../oracle/ledger.ts';
import { untilQuiet } from '../oracle/oracle.ts';
import { type Answer, call } from '../requests.ts';
import { orderOf, rub, type TestCustomer, type TestSystem } from './system.ts';

export type Copies = ReturnType<typeof copiesOf>;
export type Client = ReturnType<typeof clientOf>;

/**
 * Databases of a system that is stopped, as copies on the same server by `create database …
 * template`: the same as a dump and its restore, and no client of another version is needed.
 */
export function copiesOf({ databaseUrl }: TestSystem) {
  const server = new URL('/postgres', databaseUrl('orders'));
  server.search = new URL(databaseUrl('orders')).search;
  const nameOf = (database: string) => new URL(databaseUrl(database)).pathname.slice(1);
  const made: string[] = [];
  async function copy(from: string, to: string): Promise<void> {
    await queryRows(server.href, `drop database if exists ${to} with (force)`);
    await queryRows(server.href, `create database ${to} template ${from}`);
  }
  return {
    /** Copies every database under a name of this moment. */
    async take(moment: string): Promise<void> {
      await Promise.all(
        DATABASES.map(async (database) => {
          const name = `${nameOf(database)}_${moment}`;
          made.push(name);
          await copy(nameOf(database), name);
        }),
      );
    },
    /** Puts every database back to `young`, and these to `old`. */
    async putBack(older: string[]): Promise<void> {
      await Promise.all(
        DATABASES.map((database) => {
          const moment = older.includes(database) ? 'old' : 'young';
          return copy(`${nameOf(database)}_${moment}`, nameOf(database));
        }),
      );
    },
    async close(): Promise<void> {
      const drop = (name: string) => queryRows(server.href, `drop database if exists ${name}`);
      await Promise.all(made.map(drop));
    },
  };
}

/** A client whose requests go to the set of services that runs now. */
export function clientOf(
  { customerId, token }: Pick<TestCustomer, 'customerId' | 'token'>,
  running: () => System,
) {
  const ask = (method: string, path: string, body?: unknown, key?: string): Promise<Answer> =>
    call(running().url, method, path, {
      headers: {
        authorization: `Bearer ${token}`,
        'accept-language': 'en',
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      body,
    });
  return {
    customerId,
    ask,
    order: (key: string, price: number) => ask('POST', '/v1/orders', orderOf(price), key),
    async topUp(key: string, amount: number): Promise<void> {
      const asked = { amount: rub(amount) };
      const { status, body } = await ask('POST', '/v1/wallet/top-ups', asked, key);
      assert.equal(status, 201, JSON.stringify(body));
    },
    balance: async (): Promise<number> => (await ask('GET', '/v1/wallet')).body.balance.amount,
  };
}

/** An order of a gateway that died before the payment; its key may be repeated. */
export async function insertPending(
  { databaseUrl }: TestSystem,
  given: { customerId: string; key: string; price: number },
): Promise<string> {
  const { items } = orderOf(given.price);
  const content = [['Книга', null, 1, given.price, 'RUB']];
  const id = randomUUIDv7();
  await queryRows(
    databaseUrl('orders'),
    `insert into orders (id, customer_id, idempotency_key, request_hash, status, items,
        total_amount, currency, created_at)
      values ($1, $2, $3, $4, 'Pending', $5, $6, 'RUB', now() - interval '1 minute')`,
    [
      id,
      given.customerId,
      given.key,
      hash('sha256', JSON.stringify(content), 'buffer'),
      JSON.stringify(items),
      given.price,
    ],
  );
  return id;
}

/** Everything that a repair may change, as one text: equal where nothing was changed. */
export async function fingerprint({ databaseUrl }: TestSystem): Promise<string> {
  const tables: [database: string, columns: string, table: string][] = [
    ['orders', 'id, status, status_reason, payment_operation_id, event_id', 'orders'],
    ['orders', 'id, published_at is null as waits', 'outbox'],
    ['orders', '*', 'repairs'],
    ['billing', '*', 'payments'],
    ['billing', '*', 'operations'],
    ['billing', '*', 'wallets'],
    ['billing', '*', 'repairs'],
    ['notifications', 'id, state', 'letters'],
    ['notifications', '*', 'repairs'],
  ];
  const rows = await Promise.all(
    tables.map(([database, columns, table]) =>
      queryRows(databaseUrl(database), `select ${columns} from ${table} order by 1`),
    ),
  );
  return JSON.stringify(rows);
}

/** Asserts that billing's ledger is consistent and that no money was created. */
export async function assertMoney({ databaseUrl }: TestSystem): Promise<void> {
  assert.deepEqual(await queryRows(databaseUrl('billing'), LEDGER_VIOLATIONS), []);
  const [sums] = await queryRows(
    databaseUrl('billing'),
    `select (select sum(balance) from wallets)::text as held,
      (select sum(amount) from operations)::text as moved,
      (select count(*)::int from wallets where balance < 0) as negative`,
  );
  assert.equal(sums?.held, sums?.moved);
  assert.equal(sums?.negative, 0);
}

/** Waits until recovery has ended every order and every letter is sent. */
export async function untilRecovered(system: TestSystem): Promise<void> {
  await eventually('recovery', async () => {
    const pending = await queryRows(
      system.databaseUrl('orders'),
      `select from orders where status = 'Pending'`,
    );
    return pending.length === 0;
  });
  await untilQuiet(system);
}
