import { queryRows } from '#harness/database.ts';
import { eventually, mapConcurrent, retry } from '#harness/eventually.ts';
import { nowPlus, type TestIssuer } from '#harness/issuer.ts';
import type { TopUpAnswer } from '#harness/oracle/history.ts';
import { call } from '#harness/requests.ts';
import { rub } from '#harness/system/system.ts';
import type { SetUp } from '../set-ups/set-up.ts';
import type { LoadCustomer } from './load.ts';

export const CUSTOMERS = 1_000;
// One customer in this many has no money: 2 % of the orders are refused.
const UNFUNDED_OF = 50;
// Enough money for a day of orders.
const BALANCE = 1_000_000_000_000;
const AT_ONCE = 16;
// The token outlives any run.
const TOKEN_LIFETIME_S = 24 * 3_600;

/** Signs tokens and fills wallets through the API. */
export async function createCustomers(setUp: SetUp, issuer: TestIssuer) {
  const customers = await Promise.all(
    Array.from({ length: CUSTOMERS }, async (_, number): Promise<LoadCustomer> => {
      const customerId = `customer-${number}`;
      const email = `${customerId}@example.com`;
      const claims = { sub: customerId, email, name: 'Анна', exp: nowPlus(TOKEN_LIFETIME_S) };
      return { customerId, token: await issuer.sign(claims), funded: number % UNFUNDED_OF !== 7 };
    }),
  );
  const funded = customers.filter((customer) => customer.funded);
  const topUps = await mapConcurrent(funded, AT_ONCE, (customer) =>
    retry('a top-up', () => topUp(setUp.url, customer)),
  );
  return { customers, topUps };
}

/** Waits until all contacts are stored, which happens with the first order of each customer. */
export async function untilKnown({ sources }: SetUp): Promise<void> {
  await eventually('all contacts', async () => {
    const sql = 'select count(*) as known from profiles';
    const [row] = await queryRows(sources.databaseUrl('profiles'), sql);
    return Number(row?.known) === CUSTOMERS;
  });
}

async function topUp(url: string, { customerId, token }: LoadCustomer): Promise<TopUpAnswer> {
  const asked = { key: 'first', amount: BALANCE };
  const { status, body } = await call(url, 'POST', '/v1/wallet/top-ups', {
    headers: { authorization: `Bearer ${token}`, 'idempotency-key': asked.key },
    body: { amount: rub(asked.amount) },
  });
  if (status !== 201) throw new Error(`a top-up was answered ${status} ${JSON.stringify(body)}`);
  return { customerId, ...asked, status: 201 };
}
