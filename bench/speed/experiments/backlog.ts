import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '#harness/eventually.ts';
import { analyse, eventsStatement } from '#harness/past-data/past-letters.ts';
import {
  insertOrders,
  insertPayments,
  LAST_PAST_ID,
  type Past,
} from '#harness/past-data/past-orders.ts';
import { medianOf } from '#harness/percentiles.ts';
import {
  EXPERIMENT_CONNECTIONS,
  type ExperimentContext,
  type ExperimentOptions,
  type ExperimentResult,
  type Run,
  reconcileContext,
} from '../measuring/experiment-context.ts';
import { measure } from '../measuring/measure.ts';
import { onSetUp } from '../measuring/run.ts';
import { atLeast, atMost } from '../measuring/targets.ts';

const POLL_MS = 100;
// Far above any target: the measurement then ends, complete or not.
const DRAIN_TIMEOUT_S = 300;
const REST_MS = 60_000;

/**
 * Measures how fast a backlog in the outbox becomes letters, as after an outage of the broker, and
 * how much slower orders are meanwhile: the first half with orders, the second half without. It does not wait until the letters are sent: that would be
 * another measurement.
 */
export async function measureBacklog(
  run: Run,
  name: string,
  { count, rounds, seconds }: ExperimentOptions,
): Promise<ExperimentResult | undefined> {
  return onSetUp(run, name, async (context) => {
    const job = { customers: context.customers, connections: EXPERIMENT_CONNECTIONS };
    const before: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const figures = await measure(context, { ...job, seconds, keyPrefix: `calm-${round}` });
      before.push(figures.ordersPerS);
    }
    run.say(`writing ${count} orders of the past, whose events wait`);
    const drained = await drainBacklog(context, count);
    const books = await reconcileContext(context, 'stored');
    const ordersPerS = drained.report.orders / drained.report.seconds;
    const slower = medianOf(before) / ordersPerS;
    return {
      name: `${count} events waiting, ${name}`,
      lines: [
        `events that became letters: ${drained.busyPerS.toFixed(0)}/s with orders, ` +
          `${drained.calmPerS.toFixed(0)}/s without, ${drained.came} of ${count}`,
        `orders meanwhile: ${ordersPerS.toFixed(0)}/s, p99 ` +
          `${drained.report.latency.p99.toFixed(0)} ms, before: ${medianOf(before).toFixed(0)}/s`,
      ],
      targets: [
        atLeast(`${name}, ${count} waiting events, events/s`, drained.calmPerS, 5_000),
        atLeast(`${name}, events/s while orders are placed`, drained.busyPerS, 2_000),
        atMost(`${name}, orders slower meanwhile by a factor`, slower, 2),
      ],
      books: [books],
      figures: { before, drained },
    };
  });
}

async function drainBacklog(context: ExperimentContext, count: number) {
  const { setUp, load, customers, historyFile } = context;
  const { sources } = setUp;
  const owners = customers.filter(({ funded }) => funded).map(({ customerId }) => customerId);
  const past: Past = { count, customerIds: owners };
  await insertOrders(sources.databaseUrl('orders'), past);
  await insertPayments(sources.databaseUrl('billing'), past);
  await analyse(sources.databaseUrl, ['orders', 'billing']);
  // One commit makes all events visible at once, after all other rows are written.
  const client = new pg.Client(sources.databaseUrl('orders'));
  await client.connect();
  await client.query('begin');
  await client.query(eventsStatement(past, false), [owners]);
  await client.query('commit');
  await client.end();
  const end = performance.now() + DRAIN_TIMEOUT_S * 1_000;
  const placed = load.place({
    url: setUp.url,
    customers,
    connections: EXPERIMENT_CONNECTIONS,
    seconds: DRAIN_TIMEOUT_S,
    keyPrefix: 'backlog',
  });
  const busy = await untilStored(context, count / 2, end);
  load.stop();
  await placed;
  const skipped = await untilStored(context, 0, end);
  const calm = await untilStored(context, count, end);
  // Waits for the events of orders placed meanwhile; if some are missing, the oracle reports them.
  await eventually('all events in the inbox', context.drain.isStored, REST_MS).catch(() => {});
  return {
    came: calm.came,
    busyPerS: busy.came / busy.seconds,
    calmPerS: (calm.came - skipped.came) / calm.seconds,
    /** Of the orders that were placed meanwhile. */
    report: await load.report(historyFile),
  };
}

/** @returns how many events of past orders have become letters by then, and the time that it took */
async function untilStored(
  { setUp }: ExperimentContext,
  count: number,
  end: number,
): Promise<{ came: number; seconds: number }> {
  const started = performance.now();
  const client = new pg.Client(setUp.sources.databaseUrl('notifications'));
  await client.connect();
  try {
    for (;;) {
      const { rows } = await client.query({
        name: 'count-past',
        text: 'select count(*) as came from letters where order_id <= $1',
        values: [LAST_PAST_ID],
      });
      const came = Number(rows[0].came);
      if (came >= count || performance.now() > end) {
        return { came, seconds: (performance.now() - started) / 1_000 };
      }
      await pause(POLL_MS);
    }
  } finally {
    await client.end();
  }
}
