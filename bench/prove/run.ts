import { setTimeout as pause } from 'node:timers/promises';
import { mapConcurrent, WAIT_MS } from '#harness/eventually.ts';
import type { Row, StoredState } from '#harness/oracle/stored-state.ts';
import { createRandom } from '#harness/random.ts';
import { runCrashPoints } from './crash-points/crash-points.ts';
import { startChaos } from './faults/chaos.ts';
import { Client, type Customer } from './load/client.ts';
import { runLoad } from './load/load.ts';
import { createPace } from './load/load-rate.ts';
import { findViolations, openWebhookEndpoint } from './load/webhooks.ts';
import { calmViolations, checkAll, shareViolations } from './report/check.ts';
import type { Report } from './report/report.ts';
import {
  type SystemUnderTest,
  type SystemUnderTestOptions,
  startSystemUnderTest,
} from './system/system.ts';

export interface ProveOptions extends SystemUnderTestOptions {
  /** Load, first calm and then under faults; 0 leaves only the crash points. */
  minutes: number;
  /** Only crash points whose name contains one of these; all when empty. */
  points: string[];
  /** Ends the run early: everything is closed. */
  interrupted: AbortSignal;
}

export const CLIENTS = 24;
export const CUSTOMERS = 24;
// A sign-up hashes a password for 0.1 s of a processor: more at once only wait for each other.
const REGISTRATIONS_AT_ONCE = 4;
const FIRST_BALANCE = 5_000;
const CALM_MS = 8_000;
// With these a run of two minutes has about three hundred faults.
const FAULT_EVERY_MS = 330;

/**
 * Starts the system, harms it, and compares everything that it stored and answered.
 * @param report is filled in as the run goes on, so that a run that ends early has one too
 * @throws Error when the system does not start, or the signal's reason
 */
export async function prove(options: ProveOptions, report: Report): Promise<void> {
  const system = await startSystemUnderTest(options);
  try {
    options.say(`started: ${system.replicas.map(({ name }) => name).join(', ')}`);
    report.broker = system.kafka === undefined ? 'embedded' : 'Apache Kafka';
    const client = new Client();
    report.live = { system, client };
    try {
      const running = proveOn(system, client, options, report);
      running.catch(() => {}); // after an interruption nothing awaits it
      await Promise.race([running, rejected(options.interrupted)]);
    } finally {
      // Log lines of services that are being stopped do not count as alarms.
      report.phase = system.phase;
      system.phase = 'rest';
      await client.close();
    }
  } finally {
    await system.close();
  }
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function proveOn(
  system: SystemUnderTest,
  client: Client,
  options: ProveOptions,
  report: Report,
) {
  const { say } = options;
  const started = performance.now();
  system.phase = 'crash points';
  await runCrashPoints(system, client, options, report);
  const { hit, all } = report.crashPoints;
  say(`crash points: ${hit} of ${all}, ${secondsSince(started)} s`);
  await using open = new AsyncDisposableStack();
  let webhookViolations = () => findViolations(system);
  if (options.minutes > 0) {
    webhookViolations = await openWebhookEndpoint(system, client, open);
    await runPhases(system, client, options, report);
  }
  system.phase = 'rest';
  const healedAt = performance.now();
  const { state, violations } = await checkAll(system, client);
  violations.push(...(await webhookViolations()));
  report.quietMs = performance.now() - healedAt;
  say(`at rest and checked after ${secondsSince(healedAt)} s`);
  report.violations.push(...violations);
  Object.assign(report, figuresOf(state), {
    recoveryRounds: system.countLines('pending orders recovered'),
    // Now part of the violations.
    live: undefined,
  });
}

/** Customers for the load, each with a name of its own, and one whose wallet many use. */
export async function registerCustomers(
  client: Client,
  gateway: string,
): Promise<{ customers: Customer[]; hot: Customer }> {
  const names = [...Array.from({ length: CUSTOMERS }, (_, number) => `customer-${number}`), 'hot'];
  const registered = await mapConcurrent(names, REGISTRATIONS_AT_ONCE, (name) =>
    client.register(gateway, {
      email: `${name}@example.com`,
      name: `Анна ${name}`,
      locale: name.endsWith('1') ? 'en' : 'ru',
      topUp: FIRST_BALANCE,
    }),
  );
  const hot = registered.pop() as Customer;
  return { customers: registered, hot };
}

/** Calm load, load under faults, and the last answers once everything is healed. */
async function runPhases(
  system: SystemUnderTest,
  client: Client,
  { seed, minutes, say }: ProveOptions,
  report: Report,
): Promise<void> {
  const { gateways } = system;
  const random = createRandom(seed);
  const { customers, hot } = await registerCustomers(client, gateways[0] as string);
  const first = client.samples.length;
  const started = performance.now();
  const pace = createPace(CLIENTS);
  let goOn = true;
  system.phase = 'calm';
  const load = runLoad({
    client,
    gateways,
    customers,
    hot,
    pace,
    clients: CLIENTS,
    mayGoOn: () => goOn,
    random: random.fork('load'),
  });
  await pause(CALM_MS);
  // Pending requests belong to the calm phase: they must end before the first fault.
  await pace.drain();
  report.samplesCalm = client.samples.slice(first);
  const faultsFrom = client.samples.length;
  report.violations.push(...calmViolations(report.samplesCalm));
  say(`calm load: ${faultsFrom - first} requests in ${secondsSince(started)} s`);
  system.phase = 'faults';
  pace.release();
  const chaos = startChaos(system, random.fork('faults'), FAULT_EVERY_MS);
  report.faults = chaos.counts;
  await pause(minutes * 60_000 - CALM_MS);
  await chaos.stop();
  system.phase = 'rest';
  goOn = false;
  const ended = await Promise.race([load.then(() => true), pause(WAIT_MS, false, { ref: false })]);
  if (!ended) system.unexpectedExits.push('clients got no last answers after all was healed');
  report.samplesUnderFaults = client.samples.slice(faultsFrom);
  report.seconds = (performance.now() - started) / 1_000;
  report.violations.push(...shareViolations(report.samplesUnderFaults));
}

function figuresOf({ orders, payments, messages, mails, letters }: StoredState) {
  const numberOf = (row: Row, column: string) => Number(row[column]);
  const settled = orders.map(({ id, updated_at }) => Number(updated_at) - momentOf(String(id)));
  return {
    orders: orders.length,
    voided: payments.filter(({ decision }) => decision === 'voided').length,
    repeatedEvents: messages.length - new Set(messages.map(({ id }) => id)).size,
    doubledLetters: mails.length - new Set(mails.map(({ messageId }) => messageId)).size,
    unknownOutcomes: letters.reduce((sum, row) => sum + numberOf(row, 'unknown_outcomes'), 0),
    settleMs: settled.reduce((longest, ms) => Math.max(longest, ms), 0),
  };
}

/** Of a UUIDv7, in ms: crash points move the column. */
const momentOf = (id: string) => Number.parseInt(id.replace('-', '').slice(0, 12), 16);

const secondsSince = (start: number) => ((performance.now() - start) / 1_000).toFixed(1);
