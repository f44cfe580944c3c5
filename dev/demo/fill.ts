import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  type ClientOptions,
  createClient,
  OutcomeUnknownError,
  ProblemError,
} from '#client/client.ts';
import type { Money } from '#contracts/common.ts';
import { type OrderItem, totalOf } from '#contracts/orders.ts';
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

interface Shopper {
  client: Client;
  customer: DemoCustomer;
  currency: string;
}

// Customers served concurrently. Few, since the demo is no load test.
const AT_ONCE = 4;
// A request is repeated while its outcome is unknown, with its key where it takes one. Longer than
// one answer may take, so that a busy machine gets a second attempt.
const DEADLINE_MS = 30_000;
/** A top-up is for this many orders but covers only `COVERED` of their sum: some are declined. */
const ORDERS_PER_TOP_UP = 5;
const COVERED = 0.75;
const TOP_UP_STEP = 10_000;
/** Customers whose letters fail get an order only in every fourth round. */
const REMARKABLE_ROUNDS = 4;
const LIVE_PAUSE_MS = 1_000;
const OUTCOMES = { Paid: 'paid', Cancelled: 'cancelled', Pending: 'open' } as const;

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
        const shopper = await enter(url, customer);
        // In sequence, so that every run with this seed has the same paid and cancelled orders.
        for (let number = 0; number < share; number++) {
          signal?.throwIfAborted();
          filled[await shop(shopper, { seed, number, key: `demo-${seed}` })]++;
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
  const shoppers: Shopper[] = [];
  for (const customer of demoCustomers(count)) shoppers.push(await enter(url, customer));
  const end = performance.now() + minutes * 60_000;
  for (let turn = 0; performance.now() < end && !signal?.aborted; turn++) {
    const shopper = shoppers[turn % shoppers.length] as Shopper;
    const number = Math.floor(turn / shoppers.length);
    await shop(shopper, { seed: `${seed} ${key}`, number, key });
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
  { client, currency, customer }: Shopper,
  { key, number, seed }: { key: string; number: number; seed: string },
): Promise<'paid' | 'cancelled' | 'open'> {
  const itemsOf = (each: number) => demoItems(seed, customer, each, currency);
  if (number % ORDERS_PER_TOP_UP === 0) {
    const next = Array.from({ length: ORDERS_PER_TOP_UP }, (_, index) => itemsOf(number + index));
    const amount = topUpFor(next, currency);
    await client.topUp(amount, { key: `${key}-top-up-${number}` });
  }
  const order = await client.placeOrder({ items: itemsOf(number) }, { key: `${key}-${number}` });
  return OUTCOMES[order.status];
}

function topUpFor(orders: OrderItem[][], currency: string): Money {
  const total = orders.reduce((sum, items) => sum + (totalOf(items) ?? 0), 0);
  return { amount: Math.ceil((total * COVERED) / TOP_UP_STEP) * TOP_UP_STEP, currency };
}

/** Registers a customer, unless the account exists, and signs in. */
async function enter(url: string, customer: DemoCustomer): Promise<Shopper> {
  const { email, locale, name } = customer;
  const account = { email, password: DEMO_PASSWORD };
  const visitor = demoClient(url, () => null);
  const body = { ...account, name, locale };
  await visitor.call('register', { body, repeat: true }).catch((error: unknown) => {
    if (!isRefusal(error, 'email-taken')) throw error;
  });
  const newToken = async () =>
    (await visitor.call('signIn', { body: account, repeat: true })).body.accessToken;
  let token = await newToken();
  const client = demoClient(url, async (refused) => {
    // Tokens last an hour, a demonstration perhaps longer.
    if (refused === token) token = await newToken();
    return token;
  });
  const { balance } = (await client.call('readWallet')).body;
  return { client, customer, currency: balance.currency };
}

/** The client of a demonstration. */
export function demoClient(
  baseUrl: string,
  getAccessToken: NonNullable<ClientOptions['getAccessToken']>,
): Client {
  return createClient({ baseUrl, getAccessToken, language: 'en', deadlineMs: DEADLINE_MS });
}

export function isRefusal(error: unknown, ...codes: string[]): boolean {
  const cause = error instanceof OutcomeUnknownError ? error.cause : error;
  return cause instanceof ProblemError && codes.includes(cause.code);
}
