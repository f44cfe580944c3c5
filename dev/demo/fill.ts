import { setTimeout as sleep } from 'node:timers/promises';
import type { Money } from '#contracts/common.ts';
import { placeOrder, readWallet, register, signIn, topUp } from '#contracts/gateway.ts';
import { type OrderItem, totalOf } from '#contracts/orders.ts';
import { type Api, createApi } from '../../cli/client/api.ts';
import { ApiError } from '../../cli/client/exit-codes.ts';
import { DEMO_PASSWORD, type DemoCustomer, demoCustomers, demoItems } from './shop.ts';

export interface FillOptions {
  /** Base URL of the public API. */
  url: string;
  customers: number;
  orders: number;
  seed: string;
  /** Ends it between two requests. */
  signal?: AbortSignal;
}

/** The result of a fill. A repetition with the same seed has the same result. */
export interface Filled {
  customers: DemoCustomer[];
  paid: number;
  cancelled: number;
  /** Orders whose outcome is not known yet. */
  open: number;
}

interface Client extends Api {
  customer: DemoCustomer;
  currency: string;
}

// Customers served concurrently. Few, since the demo is no load test.
const AT_ONCE = 4;
// A request is repeated under its key while its outcome is unknown.
const WAIT_MS = 10_000;
/** A top-up is for this many orders but covers only `COVERED` of their sum: some are declined. */
const ORDERS_PER_TOP_UP = 5;
const COVERED = 0.75;
const TOP_UP_STEP = 10_000;
/** Customers whose letters fail get an order only in every fourth round. */
const REMARKABLE_ROUNDS = 4;
const LIVE_PAUSE_MS = 1_000;

/**
 * Registers customers (or signs them in), fills wallets and places orders of mixed outcome, each
 * request under a key made of the seed: a repetition finds everything done.
 * @throws Error when the system refuses what it should take, or does not answer for long
 */
export async function fill(options: FillOptions): Promise<Filled> {
  const { customers: count, orders, seed, signal, url } = options;
  const customers = demoCustomers(count);
  const shares = sharesOf(customers, orders);
  const filled: Filled = { customers, paid: 0, cancelled: 0, open: 0 };
  const queue = customers.map((customer, index) => ({ customer, share: shares[index] as number }));
  async function work(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { customer, share } = next;
      try {
        const client = await enter(url, customer);
        // In sequence, so that every run with this seed has the same paid and cancelled orders.
        for (let number = 0; number < share; number++) {
          signal?.throwIfAborted();
          filled[await shop(client, { seed, number, key: `demo-${seed}` })]++;
        }
      } catch (cause) {
        throw new Error(customer.email, { cause });
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return filled;
}

/** Places about one new order per second, until the time is over or the signal aborts. */
export async function goOn(options: FillOptions & { minutes: number }): Promise<void> {
  const { customers: count, minutes, seed, signal, url } = options;
  // A new key prefix, so that every run places new orders.
  const key = `demo-live-${Date.now()}`;
  const clients: Client[] = [];
  for (const customer of demoCustomers(count)) clients.push(await enter(url, customer));
  const end = performance.now() + minutes * 60_000;
  for (let turn = 0; performance.now() < end && !signal?.aborted; turn++) {
    const client = clients[turn % clients.length] as Client;
    await shop(client, { seed: `${seed} ${key}`, number: Math.floor(turn / clients.length), key });
    await sleep(LIVE_PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}

/** How many of the orders each customer places. */
function sharesOf(customers: DemoCustomer[], orders: number): number[] {
  const shares = customers.map(() => 0);
  for (let order = 0; order < orders; order++) {
    const index = order % customers.length;
    const round = Math.floor(order / customers.length);
    const passes = customers[index]?.remark !== undefined && round % REMARKABLE_ROUNDS !== 0;
    const chosen = passes ? 0 : index;
    shares[chosen] = (shares[chosen] as number) + 1;
  }
  return shares;
}

/** Places one order, after a top-up where its turn has come. */
async function shop(
  client: Client,
  { key, number, seed }: { key: string; number: number; seed: string },
): Promise<'paid' | 'cancelled' | 'open'> {
  const itemsOf = (each: number) => demoItems(seed, client.customer, each, client.currency);
  const keyed = (name: string) => ({ 'idempotency-key': `${key}-${name}` });
  if (number % ORDERS_PER_TOP_UP === 0) {
    const next = Array.from({ length: ORDERS_PER_TOP_UP }, (_, index) => itemsOf(number + index));
    const amount = topUpFor(next, client.currency);
    await client.call(topUp, { body: { amount }, headers: keyed(`top-up-${number}`) });
  }
  const order = { body: { items: itemsOf(number) }, headers: keyed(String(number)) };
  try {
    return (await client.call(placeOrder, order)).status === 201 ? 'paid' : 'open';
  } catch (error) {
    if (isRefusal(error, 'insufficient-funds', 'order-cancelled')) return 'cancelled';
    throw error;
  }
}

function topUpFor(orders: OrderItem[][], currency: string): Money {
  const total = orders.reduce((sum, items) => sum + (totalOf(items) ?? 0), 0);
  return { amount: Math.ceil((total * COVERED) / TOP_UP_STEP) * TOP_UP_STEP, currency };
}

/** Registers a customer, unless the account exists, and signs in. */
async function enter(url: string, customer: DemoCustomer): Promise<Client> {
  const { email, locale, name } = customer;
  const account = { email, password: DEMO_PASSWORD };
  let token = '';
  const api = demoApi(url, () => token);
  await api.call(register, { body: { ...account, name, locale } }).catch((error: unknown) => {
    if (!isRefusal(error, 'email-taken')) throw error;
  });
  const renewToken = async () => {
    token = (await api.call(signIn, { body: account })).body.accessToken;
  };
  await renewToken();
  const { body } = await api.call(readWallet);
  return {
    customer,
    currency: body.balance.currency,
    async call(operation, request) {
      try {
        return await api.call(operation, request);
      } catch (error) {
        // Tokens last an hour, a demonstration perhaps longer.
        if (!isRefusal(error, 'unauthenticated')) throw error;
        await renewToken();
        return api.call(operation, request);
      }
    },
  };
}

/** The API of a system; each call is repeated while its outcome is unknown. */
export function demoApi(url: string, token: () => string): Api {
  const api = createApi({
    url,
    token,
    language: 'en',
    onRepeat: () => {},
    unreachable: (cause) => `${url} does not answer: ${cause}`,
    unexpected: (status) => `${url} gave an answer that is not of Orderbell: ${status}`,
    maybeDone: '',
  });
  return { call: (operation, request) => api.call(operation, { waitMs: WAIT_MS, ...request }) };
}

export function isRefusal(error: unknown, ...codes: string[]): boolean {
  return error instanceof ApiError && codes.includes(error.problem.code);
}
