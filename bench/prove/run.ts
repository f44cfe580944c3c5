import { setTimeout as pause } from 'node:timers/promises';
import { passLeases, readBooks, untilQuiet } from '../../test/books.ts';
import { type Books, breachesIn, type Row } from '../../test/breaches.ts';
import { queryRows } from '../../test/database.ts';
import { newHistory } from '../../test/history.ts';
import { startChaos } from './chaos.ts';
import { type Client, createClient, type Sample } from './client.ts';
import { runCrashPoints } from './crash-points.ts';
import { runLoad } from './load.ts';
import { type Place, startPlace } from './place.ts';
import { createRandom } from './random.ts';
import type { Report } from './report.ts';

export interface ProveOptions {
  seed: string;
  /** Load under faults; 0 leaves only the crash points. */
  minutes: number;
  /** Only crash points whose name contains one of these; all when empty. */
  points: string[];
  kafka: boolean;
  replicas: number;
  home: string;
  say: (line: string) => void;
  /** Ends the run early: everything is closed. */
  interrupted: AbortSignal;
}

const CLIENTS = 24;
const CUSTOMERS = 24;
const FIRST_BALANCE = 5_000;
const CALM_MS = 8_000;
// With these a run of two minutes has about three hundred faults.
const FAULT_EVERY_MS = 330;
const HASTEN_EVERY_MS = 2_000;
// How long clients may go on to ask for what has no final answer once all is healed.
const LAST_ANSWERS_MS = 30_000;

/**
 * Starts the system, harms it, and compares everything that it kept and said.
 * @throws Error when the system does not start, or the signal's reason
 */
export async function prove(options: ProveOptions): Promise<Report> {
  const { say } = options;
  const place = await startPlace(options);
  try {
    say(`started: ${place.replicas.map(({ name }) => name).join(', ')}`);
    const client = createClient(newHistory());
    try {
      return await Promise.race([proveOn(place, client, options), rejected(options.interrupted)]);
    } finally {
      await client.close();
    }
  } finally {
    await place.close();
  }
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function proveOn(place: Place, client: Client, options: ProveOptions): Promise<Report> {
  const { seed, minutes, say } = options;
  const started = performance.now();
  const points = await runCrashPoints(place, client, options);
  say(`crash points: ${points.hit} of ${points.all}, ${secondsSince(started)} s`);
  const violations = [...points.violations];
  const phases = minutes > 0 ? await runPhases(place, client, options) : emptyPhases();
  const healedAt = performance.now();
  const stuck = await comeToRest(place).catch((error: Error) => error.message);
  if (stuck !== undefined) violations.push(stuck);
  const quietMs = performance.now() - healedAt;
  say(`at rest after ${secondsSince(healedAt)} s`);
  const books = await readBooks(place);
  violations.push(...breachesIn(books, client.history), ...place.surprises);
  return {
    ...{ seed, quietMs, violations },
    ...figuresOf(books),
    broker: place.kafka === undefined ? 'embedded' : 'Apache Kafka',
    seconds: phases.seconds,
    samplesCalm: phases.calm,
    samplesUnderFaults: phases.underFaults,
    faults: phases.faults,
    crashPoints: points,
    recoveryRounds: place.countLines('pending orders recovered'),
  };
}

/** @throws Error that lists what is stuck */
async function comeToRest(place: Place): Promise<void> {
  // What a dead process held need not wait for its lease, nor a letter for its next try.
  await passLeases(place);
  const hasten = () =>
    queryRows(
      place.databaseUrl('notifications'),
      "update letters set due_at = now() where state = 'queued' and due_at > now()",
    ).catch(() => {});
  const timer = setInterval(hasten, HASTEN_EVERY_MS);
  try {
    await untilQuiet(place);
  } finally {
    clearInterval(timer);
  }
}

interface Phases {
  calm: Sample[];
  underFaults: Sample[];
  faults: Map<string, number>;
  seconds: number;
}

const emptyPhases = (): Phases => ({ calm: [], underFaults: [], faults: new Map(), seconds: 0 });

/** Calm load, load under faults, and the last answers once everything is healed. */
async function runPhases(
  place: Place,
  client: Client,
  { seed, minutes, say }: ProveOptions,
): Promise<Phases> {
  const { gateways } = place;
  const random = createRandom(seed);
  const register = (name: string) =>
    client.register(gateways[0] as string, `${name}@example.com`, FIRST_BALANCE);
  const customers = await Promise.all(
    Array.from({ length: CUSTOMERS }, (_, number) => register(`customer-${number}`)),
  );
  const hot = await register('hot');
  const first = client.samples.length;
  const started = performance.now();
  let goOn = true;
  const load = runLoad({
    ...{ client, gateways, customers, hot, clients: CLIENTS, mayGoOn: () => goOn },
    random: random.fork('load'),
  });
  await pause(CALM_MS);
  const faultsFrom = client.samples.length;
  say(`calm load: ${faultsFrom - first} requests in ${CALM_MS / 1_000} s`);
  const chaos = startChaos(place, random.fork('faults'), FAULT_EVERY_MS);
  await pause(minutes * 60_000 - CALM_MS);
  await chaos.stop();
  goOn = false;
  const ended = await Promise.race([
    load.then(() => true),
    pause(LAST_ANSWERS_MS, false, { ref: false }),
  ]);
  if (!ended) place.surprises.push('clients got no last answers after all was healed');
  return {
    calm: client.samples.slice(first, faultsFrom),
    underFaults: client.samples.slice(faultsFrom),
    faults: chaos.counts,
    seconds: (performance.now() - started) / 1_000,
  };
}

function figuresOf(books: Books) {
  const { orders, payments, messages, mails, letters } = books;
  const numberOf = (row: Row, column: string) => Number(row[column]);
  const settled = orders.map(
    ({ created_at, updated_at }) => Number(updated_at) - Number(created_at),
  );
  return {
    orders: orders.length,
    voided: payments.filter(({ decision }) => decision === 'voided').length,
    repeatedEvents: messages.length - new Set(messages.map(({ id }) => id)).size,
    doubledLetters: mails.length - new Set(mails.map(({ messageId }) => messageId)).size,
    unknownOutcomes: letters.reduce((sum, row) => sum + numberOf(row, 'unknown_outcomes'), 0),
    settleMs: settled.reduce((longest, ms) => Math.max(longest, ms), 0),
  };
}

const secondsSince = (start: number) => ((performance.now() - start) / 1_000).toFixed(1);
