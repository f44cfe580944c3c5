import { join } from 'node:path';
import { type Floor, prepareFloor } from '../baseline/baseline.ts';
import type { FloorFigures } from '../baseline/clients.ts';
import { type BooksOptions, type BooksReport, checkBooks } from '../books/books.ts';
import { CUSTOMERS, type CustomerBase, createCustomers, untilKnown } from '../load/customers.ts';
import type { Load } from '../load/load-process.ts';
import type { Issuer } from '../set-ups/issuer.ts';
import type { Openings } from '../set-ups/openings.ts';
import type { SetUp } from '../set-ups/set-up.ts';
import { type Drain, openDrain } from './drain.ts';
import { measure } from './measure.ts';
import { cpuBetween, readUsage, sumOf } from './process-usage.ts';

/** What all set-ups of a run share. */
export interface Run {
  /** Empty folder of this run or set-up, which another user may enter where we are root. */
  folder: string;
  /** Folder with what is fetched once, such as the jars of Kafka. */
  home: string;
  issuer: Issuer;
  load: Load;
  openings: Openings;
  /** Lines for the person at the terminal, while it runs. */
  say: (line: string) => void;
}

/** A set-up that is ready to be measured: warm, at rest, known to its customers. */
export interface Bench extends CustomerBase {
  name: string;
  setUp: SetUp;
  /** False where the set-up sends none. */
  letters: boolean;
  load: Load;
  drain: Drain;
  floor: Floor;
  /** Answers to all orders of this set-up, as lines of JSON. */
  historyFile: string;
}

export interface BenchOptions {
  name: string;
  setUp: SetUp;
  letters?: boolean;
}

/** The floor at one moment. */
export interface FloorRound {
  /** With many connections. */
  many: FloorFigures;
  /** With one. */
  one: FloorFigures;
  /** Seconds of a processor for 1,000 orders with many connections, of server and client. */
  cpuPer1000: number;
}

const FLOOR_CONNECTIONS = 32;
const FLOOR_SECONDS = 5;
const FLOOR_ONE_SECONDS = 1;
// At the most, for one order of each customer.
const FIRST_ORDERS_SECONDS = 60;
const WARM_UP_SECONDS = 3;
const WARM_UP_CONNECTIONS = 64;

/** Makes customers, their first orders, and what looks at the set-up. */
export async function openBench(
  { folder, load, issuer, openings }: Run,
  { name, setUp, letters = true }: BenchOptions,
): Promise<Bench> {
  const bench = {
    name,
    setUp,
    letters,
    load,
    ...(await createCustomers(setUp, issuer)),
    floor: await prepareFloor(setUp.superuserUrl, join(folder, 'floor')),
    drain: await openings.add(openDrain(setUp.places, letters)),
    historyFile: join(folder, 'answers.jsonl'),
  };
  const job = { customers: bench.customers, connections: WARM_UP_CONNECTIONS };
  await measure(bench, {
    ...job,
    seconds: FIRST_ORDERS_SECONDS,
    ordersMax: CUSTOMERS,
    keyPrefix: 'first',
  });
  await untilKnown(setUp);
  await measure(bench, { ...job, seconds: WARM_UP_SECONDS, keyPrefix: 'warm-up' });
  return bench;
}

export async function measureFloor({ floor, setUp }: Bench): Promise<FloorRound> {
  const roots = [process.pid, setUp.postgresPid()];
  const before = readUsage(roots);
  const many = await floor.measure(FLOOR_CONNECTIONS, FLOOR_SECONDS);
  const cpuSeconds = sumOf(cpuBetween(before, readUsage(roots)));
  return {
    many,
    one: await floor.measure(1, FLOOR_ONE_SECONDS),
    cpuPer1000: (cpuSeconds * 1_000) / (many.ordersPerS * FLOOR_SECONDS),
  };
}

/** The books of a set-up at rest. @param letters how far they must have come */
export function checkBench(
  { name, setUp, historyFile, topUps, letters: sends }: Bench,
  letters: BooksOptions['letters'] = sends ? 'sent' : 'none',
): Promise<BooksReport> {
  return checkBooks(setUp, { name, historyFile, topUps, letters });
}
