import { Client } from 'undici';
import type { Reconciliation } from '#harness/oracle/oracle.ts';
import { analyse, insertSentLetters } from '#harness/past-data/past-letters.ts';
import { insertOrders, insertPayments, insertWallets } from '#harness/past-data/past-orders.ts';
import { medianOf, percentilesOf } from '#harness/percentiles.ts';
import type { LoadCustomer } from '../load/load.ts';
import {
  EXPERIMENT_CONNECTIONS,
  type ExperimentContext,
  type ExperimentOptions,
  type ExperimentResult,
  type Run,
  reconcileContext,
} from '../measuring/experiment-context.ts';
import { type Measurement, measure } from '../measuring/measure.ts';
import { sumOf } from '../measuring/process-usage.ts';
import { onSetUp } from '../measuring/run.ts';
import { atLeast, atMost, DEFAULT } from '../measuring/targets.ts';

const OTHERS = 1_000;
const PAGE = 100;
const DEEP_PAGES = 100;
const READS = 200;
const DATABASES = ['orders', 'billing', 'broker', 'notifications'];

/**
 * Two default set-ups side by side, one with so many orders of the past in its tables. They are
 * loaded in turn, so that other work of the machine slows both.
 */
export async function measureManyRows(
  run: Run,
  { count, rounds, seconds }: ExperimentOptions,
): Promise<ExperimentResult | undefined> {
  return onSetUp(run, DEFAULT, (empty) =>
    onSetUp(
      run,
      DEFAULT,
      async (full) => {
        run.say(`writing ${count} orders of the past with their letters`);
        await fill(full, count);
        const pairs: { empty: Measurement; full: Measurement }[] = [];
        for (let round = 1; round <= rounds; round++) {
          const job = { connections: EXPERIMENT_CONNECTIONS, seconds, keyPrefix: `rows-${round}` };
          const pair = {
            empty: await measure(empty, { ...job, customers: empty.customers }),
            full: await measure(full, { ...job, customers: full.customers }),
          };
          run.say(
            `round ${round}: ${pair.empty.ordersPerS.toFixed(0)} orders/s on empty tables, ` +
              `${pair.full.ordersPerS.toFixed(0)} on full ones`,
          );
          pairs.push(pair);
        }
        const lists = await readLists(full, heaviestOf(full));
        const books = [await reconcileContext(empty), await reconcileContext(full)];
        return resultOf(count, pairs, lists, books);
      },
      'full',
    ),
  ) as Promise<ExperimentResult | undefined>;
}

async function fill(
  { setUp: { sources }, customers }: ExperimentContext,
  count: number,
): Promise<void> {
  const others = Array.from({ length: OTHERS }, (_, number) => `past-${number}`);
  await insertWallets(sources.databaseUrl('billing'), others);
  const live = customers.filter(({ funded }) => funded).map(({ customerId }) => customerId);
  const past = { count, customerIds: [...live, ...others] };
  await insertOrders(sources.databaseUrl('orders'), past);
  await insertPayments(sources.databaseUrl('billing'), past);
  await insertSentLetters(sources.databaseUrl, past);
  await analyse(sources.databaseUrl, DATABASES);
}

const heaviestOf = ({ customers }: ExperimentContext) =>
  customers.find(({ funded }) => funded) as LoadCustomer;

type Lists = Awaited<ReturnType<typeof readLists>>;

/** Reads the first page of the customer with most orders, and one that is far down. */
async function readLists({ setUp }: ExperimentContext, { token }: LoadCustomer) {
  const client = new Client(setUp.url);

  async function read(cursor: string | null): Promise<{ nextCursor: string | null; ms: number }> {
    const started = performance.now();
    const { statusCode, body } = await client.request({
      method: 'GET',
      path: `/v1/orders?limit=${PAGE}${cursor === null ? '' : `&cursor=${cursor}`}`,
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await body.text();
    const ms = performance.now() - started;
    if (statusCode !== 200) throw new Error(`GET /v1/orders: ${statusCode} ${text}`);
    return { ...(JSON.parse(text) as { nextCursor: string | null }), ms };
  }

  try {
    let cursor: string | null = null;
    let pages = 0;
    while (pages < DEEP_PAGES) {
      const { nextCursor } = await read(cursor);
      if (nextCursor === null) break;
      cursor = nextCursor;
      pages++;
    }
    const first: number[] = [];
    const deep: number[] = [];
    // In turn, so that both meet the same process and the same machine.
    for (let reading = 0; reading < READS; reading++) {
      first.push((await read(null)).ms);
      deep.push((await read(cursor)).ms);
    }
    const { p50 } = percentilesOf(deep);
    // Median ms of both, and how many orders are before the deep page.
    return { first: percentilesOf(first).p50, deep: p50, depth: pages * PAGE };
  } finally {
    await client.close();
  }
}

function resultOf(
  count: number,
  pairs: { empty: Measurement; full: Measurement }[],
  lists: Lists,
  books: Reconciliation[],
): ExperimentResult {
  const median = (of: (pair: (typeof pairs)[number]) => number) => medianOf(pairs.map(of));
  const share = median(({ empty, full }) => full.ordersPerS / empty.ordersPerS);
  const costs = median(({ empty, full }) => sumOf(full.cpuPer1000) / sumOf(empty.cpuPer1000));
  return {
    name: `${count} orders and letters in the tables`,
    lines: [
      `throughput with full tables ÷ with empty ones: ${share.toFixed(2)}`,
      `CPU time of an order with full tables ÷ with empty ones: ${costs.toFixed(2)}`,
      `GET /v1/orders of ${PAGE}, p50: first page ${lists.first.toFixed(1)} ms, ` +
        `after ${lists.depth} orders ${lists.deep.toFixed(1)} ms`,
    ],
    targets: [
      atLeast(`${count} rows, throughput ÷ that of empty tables`, share, 0.9),
      atMost('first page of GET /v1/orders, p50 ms', lists.first, 5),
      atMost('deep page of GET /v1/orders, p50 ms', lists.deep, 5),
    ],
    books,
    figures: { pairs, lists },
  };
}
