import { Agent, request } from 'undici';
import type { TopUpAnswer } from '#harness/books/history.ts';
import { queryRows } from '#harness/database.ts';
import { rub } from '#harness/system/system.ts';
import { eventually, withPatience } from '../../prove/common/waiting.ts';
import type { Issuer } from '../set-ups/issuer.ts';
import type { SetUp } from '../set-ups/set-up.ts';
import type { LoadCustomer } from './load.ts';

export interface CustomerBase {
  customers: LoadCustomer[];
  /** How their wallets were filled. */
  topUps: TopUpAnswer[];
}

export const CUSTOMERS = 1_000;
// Of so many one has no money: 2 % of the orders are refused.
const UNFUNDED_OF = 50;
// Enough for every order of a day.
const BALANCE = 1_000_000_000_000;
const AT_ONCE = 16;

/** Signs tokens and fills wallets through the API. */
export async function createCustomers(setUp: SetUp, issuer: Issuer): Promise<CustomerBase> {
  const customers = await Promise.all(
    Array.from({ length: CUSTOMERS }, async (_, number): Promise<LoadCustomer> => {
      const customerId = `customer-${number}`;
      const claims = { sub: customerId, email: `${customerId}@example.com`, name: 'Анна' };
      return { customerId, token: await issuer.sign(claims), funded: number % UNFUNDED_OF !== 7 };
    }),
  );
  const agent = new Agent({ connections: AT_ONCE });
  const topUps: TopUpAnswer[] = [];
  const waiting = customers.filter(({ funded }) => funded);
  const fill = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const customer = next;
      topUps.push(await withPatience('a top-up', () => topUp(agent, setUp.url, customer)));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, fill));
  } finally {
    await agent.close();
  }
  return { customers, topUps };
}

/** Waits until letters find everybody: contacts are stored beside the first order of each. */
export async function untilKnown({ places }: SetUp): Promise<void> {
  await eventually('all contacts', async () => {
    const sql = 'select count(*) as known from profiles';
    const [row] = await queryRows(places.databaseUrl('profiles'), sql);
    return Number(row?.known) === CUSTOMERS;
  });
}

async function topUp(
  agent: Agent,
  base: string,
  { customerId, token }: LoadCustomer,
): Promise<TopUpAnswer> {
  const asked = { key: 'first', amount: BALANCE };
  const { statusCode, body } = await request(`${base}/v1/wallet/top-ups`, {
    method: 'POST',
    dispatcher: agent,
    headers: {
      authorization: `Bearer ${token}`,
      'idempotency-key': asked.key,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ amount: rub(asked.amount) }),
  });
  const text = await body.text();
  if (statusCode !== 201) throw new Error(`a top-up was answered ${statusCode} ${text}`);
  return { customerId, ...asked, status: 201 };
}
