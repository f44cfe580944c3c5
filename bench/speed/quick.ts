import { join } from 'node:path';
import { checkBooks } from './books.ts';
import { CUSTOMERS, createCustomers, untilKnown } from './customers.ts';
import { startDefaultSetUp } from './default-set-up.ts';
import { openDrain } from './drain.ts';
import { prepareFloor } from './floor.ts';
import { startIssuer } from './issuer.ts';
import { startLoad } from './load-process.ts';
import { measure } from './measure.ts';
import { costLines, floorLines, tableOf } from './report.ts';

export interface QuickOptions {
  /** Empty folder of this run, which another user may enter where we are root. */
  folder: string;
  say: (line: string) => void;
  /** Takes what must be closed in the end, in the order of opening. */
  open: { close(): Promise<void> }[];
}

const FLOOR_CONNECTIONS = 32;
const FLOOR_SECONDS = 5;
const ONE_CONNECTION_SECONDS = 2;
const CONNECTIONS = 64;
// At the most, for one order of each customer.
const FIRST_ORDERS_SECONDS = 20;
const WARM_UP_SECONDS = 3;
const LOAD_SECONDS = 10;

/**
 * The default set-up under 64 connections, and the floor before and after it, since a machine that
 * others use too is not equally fast all the time.
 * @returns every contradiction in the books
 */
export async function runQuick({ folder, say, open }: QuickOptions): Promise<string[]> {
  const issuer = await startIssuer();
  open.push(issuer);
  const load = await startLoad();
  open.push(load);
  const setUp = await startDefaultSetUp(join(folder, 'home'), issuer);
  open.push(setUp);
  const floor = await prepareFloor(setUp.superuserUrl, join(folder, 'floor'));
  const before = await floor.measure(FLOOR_CONNECTIONS, FLOOR_SECONDS);
  const alone = await floor.measure(1, ONE_CONNECTION_SECONDS);
  const { customers, topUps } = await createCustomers(setUp, issuer);
  const drain = await openDrain(setUp.places);
  open.push(drain);
  const historyFile = join(folder, 'answers.jsonl');
  const bench = { setUp, load, drain, historyFile };
  const job = { customers, connections: CONNECTIONS };
  const first = { ...job, seconds: FIRST_ORDERS_SECONDS, ordersMax: CUSTOMERS };
  await measure(bench, { ...first, keyPrefix: 'first' });
  await untilKnown(setUp);
  await measure(bench, { ...job, seconds: WARM_UP_SECONDS, keyPrefix: 'warm-up' });
  const figures = await measure(bench, { ...job, seconds: LOAD_SECONDS, keyPrefix: 'load' });
  const after = await floor.measure(FLOOR_CONNECTIONS, FLOOR_SECONDS);
  const books = await checkBooks(setUp, historyFile, topUps);

  const floorPerS = (before.ordersPerS + after.ordersPerS) / 2;
  const line = { setUp: setUp.name, point: `${CONNECTIONS} connections`, figures };
  for (const text of [
    ...floorLines(floor.by, [
      { connections: 1, floor: alone },
      { connections: FLOOR_CONNECTIONS, floor: before },
      { connections: FLOOR_CONNECTIONS, floor: after },
    ]),
    ...tableOf([line], floorPerS),
    ...costLines(figures),
    `the load cost ${((figures.cpuSeconds * 1_000_000) / figures.orders).toFixed(0)} µs an order`,
    `books: ${books.orders} orders, ${books.letters} letters, ${books.breaches.length} breaches`,
    ...books.breaches.map((breach) => `BREACH ${breach}`),
    `ratio: ${(figures.withLettersPerS / floorPerS).toFixed(2)}`,
  ]) {
    say(text);
  }
  return [...books.breaches, ...Object.keys(figures.errors).map((status) => `answers ${status}`)];
}
