import { join } from 'node:path';
import { type ReconcileOptions, type Reconciliation, reconcile } from '#harness/oracle/oracle.ts';
import { type Baseline, OWN_TABLES, PLAIN_TABLES, prepareBaseline } from '../baseline/baseline.ts';
import { CUSTOMERS, createCustomers, untilKnown } from '../load/customers.ts';
import type { Load } from '../load/load-process.ts';
import type { SetUp, SetUpOptions } from '../set-ups/set-up.ts';
import { openDrain } from './drain.ts';
import { measure } from './measure.ts';
import { cpuBetween, readUsage, sumOf } from './process-usage.ts';
import type { Target } from './targets.ts';

/** The options that all set-ups of a run share. */
export interface Run extends SetUpOptions {
  load: Load;
  /** Lines for the person at the terminal, while it runs. */
  say: (line: string) => void;
}

/** The result of an experiment. */
export interface ExperimentResult {
  name: string;
  /** For people. */
  lines: string[];
  targets: Target[];
  books: Reconciliation[];
  /** For the file. */
  figures: unknown;
}

export interface ExperimentOptions {
  /** Rows, orders or events. */
  count: number;
  rounds: number;
  /** Of each load. */
  seconds: number;
}

export const EXPERIMENT_CONNECTIONS = 64;

/** A set-up that is ready to be measured: warm, at rest, known to its customers. */
export type ExperimentContext = Awaited<ReturnType<typeof openContext>>;

export type BaselineRound = Awaited<ReturnType<typeof measureBaseline>>;

const BASELINE_CONNECTIONS = 32;
const BASELINE_SECONDS = 3;
const BASELINE_ONE_SECONDS = 1;
// At the most, for one order of each customer.
const FIRST_ORDERS_SECONDS = 60;
const WARM_UP_SECONDS = 3;
const WARM_UP_CONNECTIONS = 64;

/** Makes customers, their first orders, and what looks at the set-up. */
export async function openContext(
  { folder, load, issuer, resources }: Run,
  { name, setUp, letters }: { name: string; setUp: SetUp; letters: boolean },
) {
  const context = {
    name,
    setUp,
    /** False where the set-up sends none. */
    letters,
    load,
    ...(await createCustomers(setUp, issuer)),
    baseline: await prepareBaseline(setUp.superuserUrl, join(folder, 'baseline'), OWN_TABLES),
    plain: await prepareBaseline(setUp.superuserUrl, join(folder, 'baseline'), PLAIN_TABLES),
    drain: await resources.add(openDrain(setUp.sources, letters)),
    /** Answers to all orders of this set-up, as lines of JSON. */
    historyFile: join(folder, 'answers.jsonl'),
  };
  const job = { customers: context.customers, connections: WARM_UP_CONNECTIONS };
  await measure(context, {
    ...job,
    seconds: FIRST_ORDERS_SECONDS,
    ordersMax: CUSTOMERS,
    keyPrefix: 'first',
  });
  await untilKnown(setUp);
  await measure(context, { ...job, seconds: WARM_UP_SECONDS, keyPrefix: 'warm-up' });
  return context;
}

/** Measures both baselines now: on our tables, and on plain ones. */
export async function measureBaseline({ baseline, plain, setUp }: ExperimentContext) {
  const roots = [process.pid, setUp.postgresPid()];
  return { ...(await measureOne(baseline, roots)), plain: await measureOne(plain, roots) };
}

async function measureOne(baseline: Baseline, roots: number[]) {
  const before = readUsage(roots);
  const many = await baseline.measure(BASELINE_CONNECTIONS, BASELINE_SECONDS);
  const cpuSeconds = sumOf(cpuBetween(before, readUsage(roots)));
  return {
    /** With many connections. */
    many,
    /** With one. */
    one: await baseline.measure(1, BASELINE_ONE_SECONDS),
    /** Seconds of a processor for 1,000 orders with many connections, of server and client. */
    cpuPer1000: (cpuSeconds * 1_000) / (many.ordersPerS * BASELINE_SECONDS),
  };
}

/** Compares a set-up at rest. @param letters how far they must have come */
export function reconcileContext(
  { name, setUp, historyFile, topUps, letters: sends }: ExperimentContext,
  letters: ReconcileOptions['letters'] = sends ? 'sent' : 'none',
): Promise<Reconciliation> {
  return reconcile(setUp.sources, {
    name,
    historyFile,
    topUps,
    letters,
    mailboxFile: setUp.mailboxFile,
  });
}
