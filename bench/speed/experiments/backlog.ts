import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '#harness/eventually.ts';
import type { LoadReport } from '../load/load-process.ts';
import { medianOf } from '../load/percentiles.ts';
import { type Bench, checkBench, type Run } from '../measuring/experiment-context.ts';
import {
  FINDING_CONNECTIONS,
  type Finding,
  type FindingOptions,
} from '../measuring/experiment-result.ts';
import { measure } from '../measuring/measure.ts';
import { onSetUp } from '../measuring/run.ts';
import { atLeast, atMost } from '../measuring/targets.ts';
import { analyse, eventsStatement } from '../stored-data/past-letters.ts';
import {
  insertOrders,
  insertPayments,
  LAST_PAST_ID,
  type Past,
} from '../stored-data/past-orders.ts';

const POLL_MS = 100;
// Long past any target: the measurement is over then, whatever has come.
const DRAIN_TIMEOUT_S = 300;
const REST_MS = 60_000;

/**
 * Events of past orders that wait in the outbox, as after an outage of the broker: how fast they
 * come to be letters, and how much slower orders are meanwhile. The letters need not be sent: that
 * would be another measurement.
 */
export async function measureBacklog(
  run: Run,
  name: string,
  { count, rounds, seconds }: FindingOptions,
): Promise<Finding | undefined> {
  return onSetUp(run, name, async (bench) => {
    const job = { customers: bench.customers, connections: FINDING_CONNECTIONS };
    const before: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const figures = await measure(bench, { ...job, seconds, keyPrefix: `calm-${round}` });
      before.push(figures.ordersPerS);
    }
    run.say(`writing ${count} orders of the past, whose events wait`);
    const drained = await drainBacklog(bench, count);
    const books = await checkBench(bench, 'stored');
    const ordersPerS = drained.report.orders / drained.report.seconds;
    const slower = medianOf(before) / ordersPerS;
    return {
      name: `${count} events waiting, ${name}`,
      lines: [
        `${drained.came} of ${count} events became letters in ${drained.seconds.toFixed(1)} s: ` +
          `${drained.eventsPerS.toFixed(0)} events/s`,
        `orders meanwhile: ${ordersPerS.toFixed(0)}/s, p99 ` +
          `${drained.report.latency.p99.toFixed(0)} ms, before: ${medianOf(before).toFixed(0)}/s`,
      ],
      targets: [
        atLeast(`${name}, ${count} waiting events, events/s`, drained.eventsPerS, 5_000),
        atMost(`${name}, orders slower meanwhile by a factor`, slower, 2),
      ],
      books: [books],
      figures: { before, drained },
    };
  });
}

interface Drained {
  seconds: number;
  /** Events that became letters within the time. */
  came: number;
  eventsPerS: number;
  /** Of the orders that were placed meanwhile. */
  report: LoadReport;
}

async function drainBacklog(bench: Bench, count: number): Promise<Drained> {
  const { setUp, load, customers, historyFile } = bench;
  const { places } = setUp;
  const owners = customers.filter(({ funded }) => funded).map(({ customerId }) => customerId);
  const past: Past = { count, customerIds: owners };
  await insertOrders(places.databaseUrl('orders'), past);
  await insertPayments(places.databaseUrl('billing'), past);
  await analyse(places, ['orders', 'billing']);
  // All of them come to be seen at one moment, when nothing else has to be written any more.
  const client = new pg.Client(places.databaseUrl('orders'));
  await client.connect();
  await client.query('begin');
  await client.query(eventsStatement(past, false), [owners]);
  await client.query('commit');
  await client.end();
  const started = performance.now();
  const placed = load.place({
    url: setUp.url,
    customers,
    connections: FINDING_CONNECTIONS,
    seconds: DRAIN_TIMEOUT_S,
    keyPrefix: 'backlog',
  });
  const came = await untilStored(bench, count, started + DRAIN_TIMEOUT_S * 1_000);
  const seconds = (performance.now() - started) / 1_000;
  load.stop();
  await placed;
  // What was ordered meanwhile; if it does not come, the books tell.
  await eventually('all events in the inbox', bench.drain.isStored, REST_MS).catch(() => {});
  const report = await load.report(historyFile);
  return { seconds, came, eventsPerS: came / seconds, report };
}

/** @returns how many events of past orders have become letters by then */
async function untilStored({ setUp }: Bench, count: number, end: number): Promise<number> {
  const client = new pg.Client(setUp.places.databaseUrl('notifications'));
  await client.connect();
  try {
    for (;;) {
      const { rows } = await client.query({
        name: 'count-past',
        text: 'select count(*) as came from letters where order_id <= $1',
        values: [LAST_PAST_ID],
      });
      const came = Number(rows[0].came);
      if (came >= count || performance.now() > end) return came;
      await pause(POLL_MS);
    }
  } finally {
    await client.end();
  }
}
