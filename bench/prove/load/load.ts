import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '#harness/random.ts';
import type { Answer } from '#harness/requests.ts';
import { basketOf, type Item, otherBasket, pieceAt } from './basket.ts';
import { type AskOptions, type Client, type Customer, FINAL, type OrderRequest } from './client.ts';
import type { Pace } from './load-rate.ts';

export interface LoadOptions {
  client: Client;
  gateways: string[];
  customers: Customer[];
  /** One whose wallet many clients use at once. */
  hot: Customer;
  random: Random;
  clients: number;
  pace: Pace;
  /** Once false, clients end, also without a final answer. */
  mayGoOn: () => boolean;
}

/** Ways of a client, apart from repeating until it has an answer. */
type Habit = 'plain' | 'twin' | 'other-body' | 'read-again' | 'no-key' | 'hang-up' | 'vanish';

const HABITS: { habit: Habit; weight: number }[] = [
  { habit: 'twin', weight: 0.1 },
  { habit: 'other-body', weight: 0.06 },
  { habit: 'read-again', weight: 0.1 },
  { habit: 'no-key', weight: 0.04 },
  { habit: 'hang-up', weight: 0.03 },
  { habit: 'vanish', weight: 0.02 },
];
// No wallet ever holds this much.
const TOO_DEAR = 1_000_000_000;
const TOP_UPS = [500, 1_000, 2_000, 3_000];
const RETRY_PAUSE_MS = 100;
// Clients that hang up do so between these, mostly before the answer.
const HANG_UP_MS = [2, 60] as const;

/** The options of one client, and the number of other bodies, which all clients share. */
interface Run extends LoadOptions {
  otherBodies: { count: number };
}

/**
 * Clients that order one after the other, each until it has a final answer, as docs/protocol.md
 * asks of them. Of a hundred orders about fifteen cost more than any wallet holds, ten meet at one
 * wallet, ten are sent to both gateways at once, ten are read again, six are followed by another
 * body under the same key, four have no key, and of five the client hangs up and may or may not
 * repeat. Customers use the same keys and mostly equal totals. Wallets are topped up between.
 */
export async function runLoad(options: LoadOptions): Promise<void> {
  const otherBodies = { count: 0 };
  await Promise.all(
    Array.from({ length: options.clients }, (_, number) => {
      const random = options.random.fork(`client ${number}`);
      return runClient({ ...options, random, otherBodies }, number);
    }),
  );
}

async function runClient(run: Run, number: number): Promise<void> {
  const { client, gateways, customers, hot, mayGoOn, random, pace } = run;
  const own = customers[number % customers.length] as Customer;
  for (let each = 0; mayGoOn(); each++) {
    const isHot = random.chance(0.1);
    const customer = isHot ? hot : own;
    // Customers share keys, which are each customer's own; the clients of one wallet must not.
    const key = isHot || customers.length < run.clients ? `${number}-${each}` : `order-${each}`;
    const items = random.chance(0.15)
      ? [...basketOf(random), ...pieceAt(TOO_DEAR)]
      : basketOf(random);
    await placeOrder(run, customer, key, items);
    // About what is spent, so that wallets stay near empty and refusals are not only the dear ones.
    if (mayGoOn() && random.chance(0.25)) {
      const amount = random.pick(TOP_UPS);
      await untilDone(run, random.chance(0.1) ? undefined : key, async (topUpKey) => {
        const asked = { amount, ...(topUpKey !== undefined && { key: topUpKey }) };
        const answer = await pace.take(() => client.topUp(random.pick(gateways), customer, asked));
        return { answer, done: answer?.status === 201 };
      });
    }
  }
}

async function placeOrder(run: Run, customer: Customer, key: string, items: Item[]) {
  const { client, gateways, random, pace, otherBodies } = run;
  const habit = random.weighted(HABITS, 1)?.habit ?? 'plain';
  let first = true;
  const order = (asked: OrderRequest, options: AskOptions, gateway = random.pick(gateways)) =>
    pace.take(
      () => client.order(gateway, customer, asked, options),
      options.hangUpAfterMs === undefined,
    );
  const ask = async (keyNow: string | undefined, gateway?: string) => {
    const options = { first };
    first = false;
    const asked = { items, ...(keyNow !== undefined && { key: keyNow }) };
    const answer = await order(asked, options, gateway);
    return { answer, done: FINAL.includes(answer?.status ?? 0) };
  };
  if (habit === 'hang-up' || habit === 'vanish') {
    const hangUpAfterMs = random.between(...HANG_UP_MS);
    await order({ key, items }, { hangUpAfterMs, first: false });
    if (habit === 'vanish') return;
  }
  if (habit === 'twin') await Promise.all(gateways.map((gateway) => ask(key, gateway)));
  const answer = await untilDone(run, habit === 'no-key' ? undefined : key, ask);
  if (answer === undefined) return;
  if (habit === 'read-again') {
    const shown = answer.body.order ?? answer.body;
    await pace.take(() => client.readAgain(random.pick(gateways), customer, shown));
  }
  if (habit === 'other-body') {
    const other = { key, items: otherBasket(items, otherBodies.count++) };
    await order(other, { first: false, otherBody: true });
  }
}

/**
 * Asks again and again, as long as clients may: with the client's key, or with the one that an
 * answer names. A request without a key whose answer is lost cannot be repeated.
 * @returns the last answer, where it is final
 */
async function untilDone(
  { mayGoOn, random }: Run,
  key: string | undefined,
  ask: (key: string | undefined) => Promise<{ answer: Answer | undefined; done: boolean }>,
): Promise<Answer | undefined> {
  let known = key;
  while (mayGoOn()) {
    const { answer, done } = await ask(known);
    if (done) return answer;
    known ??= answer?.headers.get('idempotency-key') ?? undefined;
    if (known === undefined) return undefined;
    await pause(RETRY_PAUSE_MS * (0.5 + random.next()));
  }
  return undefined;
}
