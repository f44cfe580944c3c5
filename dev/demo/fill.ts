import { setTimeout as sleep } from 'node:timers/promises';
import { judgeAnswer, receiveAnswer } from '#contracts/answers.ts';
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

/** What the fill came to; a repetition with the same seed comes to the same. */
export interface Filled {
  customers: DemoCustomer[];
  paid: number;
  cancelled: number;
  /** Orders whose outcome is not known yet. */
  open: number;
}

/** A customer who is signed in. */
interface Client {
  customer: DemoCustomer;
  call: (path: string, body?: unknown, key?: string) => Promise<Answer>;
  currency: string;
}

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the demonstration reads answers as any client does
  body: any;
}

// A few at once: it fills a system, it does not load it.
const AT_ONCE = 4;
const TRIES = 10;
const RETRY_PAUSE_MS = 1_000;
const ANSWER_TIMEOUT_MS = 10_000;
/** A top-up covers this many orders, though not quite: so some are refused. */
const ORDERS_PER_TOP_UP = 5;
const COVERED = 0.75;
const TOP_UP_STEP = 10_000;
/** Customers whose letters fail get one order in so many rounds. */
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
      const client = await enter(url, next.customer);
      // One after the other: which orders the wallet covers follows from their order.
      for (let number = 0; number < next.share; number++) {
        signal?.throwIfAborted();
        filled[await shop(client, { seed, number, key: `demo-${seed}` })]++;
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return filled;
}

/** Goes on slowly with new orders, about one a second, until the time is over or it is stopped. */
export async function goOn(options: FillOptions & { minutes: number }): Promise<void> {
  const { customers: count, minutes, seed, signal, url } = options;
  // Of its own, so that every run has new orders to look at.
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
  if (number % ORDERS_PER_TOP_UP === 0) {
    const next = Array.from({ length: ORDERS_PER_TOP_UP }, (_, index) => itemsOf(number + index));
    const amount = topUpFor(next, client.currency);
    const answer = await client.call('/v1/wallet/top-ups', { amount }, `${key}-top-up-${number}`);
    if (answer.status !== 201) throw refused(client.customer, answer);
  }
  const answer = await client.call('/v1/orders', { items: itemsOf(number) }, `${key}-${number}`);
  if (answer.status === 201) return 'paid';
  if (answer.status === 202) return 'open';
  if (['insufficient-funds', 'order-cancelled'].includes(answer.body.code)) return 'cancelled';
  throw refused(client.customer, answer);
}

function topUpFor(orders: OrderItem[][], currency: string): Money {
  const total = orders.reduce((sum, items) => sum + (totalOf(items) ?? 0), 0);
  return { amount: Math.ceil((total * COVERED) / TOP_UP_STEP) * TOP_UP_STEP, currency };
}

/** Registers a customer; one that is there already only signs in. */
async function enter(url: string, customer: DemoCustomer): Promise<Client> {
  const { email, locale, name } = customer;
  const account = { email, password: DEMO_PASSWORD };
  const registered = await request(url, '/v1/registrations', {
    body: { ...account, name, locale },
  });
  if (registered.status !== 201 && registered.body?.code !== 'email-taken') {
    throw refused(customer, registered);
  }
  const signIn = async (): Promise<string> => {
    const answer = await request(url, '/v1/sessions', { body: account });
    if (answer.status !== 200) throw refused(customer, answer);
    return answer.body.accessToken;
  };
  let token = await signIn();
  const call: Client['call'] = async (path, body, key) => {
    const answer = await request(url, path, { body, token, key });
    if (answer.status !== 401) return answer;
    // Tokens last an hour, a demonstration perhaps longer.
    token = await signIn();
    return request(url, path, { body, token, key });
  };
  const wallet = await call('/v1/wallet');
  if (wallet.status !== 200) throw refused(customer, wallet);
  return { customer, call, currency: wallet.body.balance.currency };
}

interface RequestOptions {
  body?: unknown;
  token?: string | undefined;
  key?: string | undefined;
}

/**
 * One request, repeated under its key while the outcome is not known.
 * @throws Error when it stays unknown: nothing answers, or something other than the API
 */
async function request(url: string, path: string, options: RequestOptions): Promise<Answer> {
  for (let trial = 1; ; trial++) {
    const answer = await send(url, path, options).catch((error: unknown) => error as Error);
    const open = answer instanceof Error || answer.status === 202;
    if (!open) return answer;
    if (trial < TRIES) await sleep(RETRY_PAUSE_MS);
    else if (answer instanceof Error) throw answer;
    else return answer;
  }
}

/** @throws Error when the answer is none of ours, or says that the outcome is unknown */
async function send(
  url: string,
  path: string,
  { body, key, token }: RequestOptions,
): Promise<Answer> {
  const method = body === undefined ? 'GET' : 'POST';
  const answer = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      'accept-language': 'en',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const judgement = judgeAnswer({ method, path, body, key }, await receiveAnswer(answer));
  if (judgement.kind === 'success') return { status: answer.status, body: judgement.body };
  const { problem } = judgement;
  if (judgement.kind === 'unknown' || problem === null) {
    throw new Error(`${method} ${url}${path}: ${answer.status} ${problem?.title ?? ''}`.trim());
  }
  return { status: answer.status, body: problem };
}

function refused({ email }: DemoCustomer, { body, status }: Answer): Error {
  return new Error(`${email}: ${status} ${body?.title ?? ''}. ${body?.detail ?? ''}`);
}
