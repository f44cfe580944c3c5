import { setTimeout as pause } from 'node:timers/promises';
import { type Asked, type Client, type Customer, FINAL } from './client.ts';
import type { Random } from './random.ts';

export interface LoadOptions {
  client: Client;
  gateways: string[];
  customers: Customer[];
  /** One whose wallet many clients use at once. */
  hot: Customer;
  random: Random;
  clients: number;
  /** Once false, clients end: what has no final answer stays so. */
  mayGoOn: () => boolean;
}

/** What a client does beside asking until it has an answer. */
type Habit = 'plain' | 'twin' | 'other-body' | 'hang-up' | 'vanish';

const PRICE_MAX = 500;
// No wallet ever holds this much.
const TOO_DEAR = 1_000_000_000;
const RETRY_PAUSE_MS = 100;
// Clients that hang up do so between these, mostly before the answer.
const HANG_UP_MS = [2, 60] as const;

/**
 * Clients that order one after the other, each until it has a final answer, as docs/protocol.md
 * tells them. Of a hundred orders about fifteen cost more than any wallet holds, ten meet at one
 * wallet, ten are sent to both gateways at once, four are followed by another body under the same
 * key, and of five the client hangs up, to ask again or never more. Wallets are topped up between.
 */
export async function runLoad(options: LoadOptions): Promise<void> {
  const { random } = options;
  await Promise.all(
    Array.from({ length: options.clients }, (_, number) =>
      runClient(options, random.fork(`client ${number}`), number),
    ),
  );
}

async function runClient(options: LoadOptions, random: Random, number: number): Promise<void> {
  const { client, gateways, customers, hot, mayGoOn } = options;
  const own = customers[number % customers.length] as Customer;
  for (let each = 0; mayGoOn(); each++) {
    const customer = random.chance(0.1) ? hot : own;
    const dear = random.chance(0.15);
    const asked: Asked = {
      key: `prove-${number}-${each}`,
      amount: dear ? TOO_DEAR : random.between(1, PRICE_MAX),
    };
    await placeOrder(options, random, customer, asked);
    // About what is spent, so that wallets stay near empty and refusals are not only the dear ones.
    if (mayGoOn() && random.chance(0.2)) {
      const amount = random.between(1, 7 * PRICE_MAX);
      await untilAnswered(options, random, async () => {
        const answer = await client.topUp(random.pick(gateways), customer, { ...asked, amount });
        return answer?.status === 201;
      });
    }
  }
}

function habitOf(random: Random): Habit {
  const dice = random.next();
  if (dice < 0.1) return 'twin';
  if (dice < 0.14) return 'other-body';
  if (dice < 0.17) return 'hang-up';
  return dice < 0.19 ? 'vanish' : 'plain';
}

async function placeOrder(
  options: LoadOptions,
  random: Random,
  customer: Customer,
  asked: Asked,
): Promise<void> {
  const { client, gateways } = options;
  const habit = habitOf(random);
  let first = true;
  const ask = async (gateway = random.pick(gateways)): Promise<boolean> => {
    const answer = await client.order(gateway, customer, asked, { first });
    first = false;
    return FINAL.includes(answer?.status ?? 0);
  };
  if (habit === 'hang-up' || habit === 'vanish') {
    const hangUpAfterMs = random.between(...HANG_UP_MS);
    await client.order(random.pick(gateways), customer, asked, { hangUpAfterMs, first: false });
    if (habit === 'vanish') return;
  }
  if (habit === 'twin') await Promise.all(gateways.map((gateway) => ask(gateway)));
  await untilAnswered(options, random, () => ask());
  if (habit === 'other-body') {
    const other = { ...asked, amount: asked.amount + 1 };
    await client.order(random.pick(gateways), customer, other, { first: false });
  }
}

/** Asks again and again, as long as clients may. */
async function untilAnswered(
  { mayGoOn }: LoadOptions,
  random: Random,
  ask: () => Promise<boolean>,
): Promise<void> {
  while (mayGoOn() && !(await ask())) await pause(RETRY_PAUSE_MS * (0.5 + random.next()));
}
