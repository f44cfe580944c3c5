import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { queryRows } from '#harness/database.ts';
import { eventually, mapConcurrent, retry, WAIT_MS } from '#harness/eventually.ts';
import { createRandom } from '#harness/random.ts';
import { runCrashPoints } from '../crash-points/crash-points.ts';
import { Client } from '../load/client.ts';
import { runLoad } from '../load/load.ts';
import { createPace } from '../load/load-rate.ts';
import { calmViolations, checkAll } from '../report/check.ts';
import { newReport } from '../report/report.ts';
import { CLIENTS, registerCustomers } from '../run.ts';
import { type SystemUnderTest, startSystemUnderTest } from '../system/system.ts';
import type { Defect } from './defects.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PRELOAD = new URL('break-code.ts', import.meta.url).href;
// So many requests meet each defect several times, on a machine of any speed.
const REQUESTS = 250;
const LOAD_BALANCE = 5_000;
// A defect may leave work stuck or retrying without end: the oracle compares all the same.
const TIMEOUTS = { standstillMs: 2_500, totalMs: 5_000 };
// For the same reason a crash point may wait in vain.
const OUTCOME_MS = 10_000;

/** One system for all defects: each is planted in the processes of one service. */
export class DefectTestBed {
  readonly #system: SystemUnderTest;
  readonly #gateway: string;
  readonly #load: Awaited<ReturnType<typeof registerCustomers>>;
  /** All customers that were registered, for the history of each search. */
  readonly #registered: Client['history']['customers'];
  /** The service that runs with a defect. */
  #broken: string | undefined;

  private constructor(
    system: SystemUnderTest,
    registered: Client['history']['customers'],
    load: Awaited<ReturnType<typeof registerCustomers>>,
  ) {
    this.#system = system;
    this.#gateway = system.gateways[0] as string;
    this.#registered = registered;
    this.#load = load;
  }

  static async start(say: (line: string) => void): Promise<DefectTestBed> {
    const home = join(ROOT, '.orderbell');
    const system = await startSystemUnderTest({ seed: '1', kafka: false, replicas: 2, say, home });
    const client = new Client();
    const load = await registerCustomers(client, system.gateways[0] as string);
    await client.close();
    return new DefectTestBed(system, client.history.customers, load);
  }

  /** @param defect null for the product as it is. @returns the violations found */
  async find(defect: Defect | null, points: string[] = []): Promise<string[]> {
    const system = this.#system;
    system.phase = 'start';
    await this.#plant(defect);
    await eventually('readiness', async () => (await fetch(`${this.#gateway}/readyz`)).ok);
    await emptyTables(system);
    const client = new Client();
    client.history.customers.push(...this.#registered);
    const report = newReport('1', points.length);
    try {
      if (points.length > 0) {
        system.phase = 'crash points';
        const options = { points, say: () => {}, outcomeMs: OUTCOME_MS };
        await runCrashPoints(system, client, options, report);
      } else report.violations.push(...(await this.#runLoad(client, defect === null)));
      const { violations } = await checkAll(system, client, TIMEOUTS);
      return [...report.violations, ...violations];
    } finally {
      await client.close();
    }
  }

  close(): Promise<void> {
    return this.#system.close();
  }

  async #plant(defect: Defect | null): Promise<void> {
    const service = defect?.service ?? defect?.file.split('/')[1];
    if (this.#broken !== undefined && this.#broken !== service) await this.#restart(this.#broken);
    this.#broken = service;
    if (defect === null || service === undefined) return;
    const { file, from, to } = defect;
    const text = await readFile(join(ROOT, file), 'utf8');
    if (text.split(from).length !== 2) {
      throw new Error(`${file} does not have the text to break exactly once`);
    }
    await this.#restart(service, {
      NODE_OPTIONS: `--import=${PRELOAD}`,
      DEFECT: JSON.stringify({ file, from, to }),
    });
  }

  async #restart(service: string, settings: Record<string, string> = {}): Promise<void> {
    const replicas = this.#system.replicas.filter((replica) => replica.service === service);
    for (const replica of replicas) if (replica.state === 'running') replica.kill();
    await Promise.all(replicas.map((replica) => replica.revive(settings)));
  }

  /** @param paced slowly enough for final answers only; else in batches, on any machine */
  async #runLoad(client: Client, paced: boolean): Promise<string[]> {
    const { customers, hot } = this.#load;
    // Full wallets, as those of new customers.
    await mapConcurrent([...customers, hot], CLIENTS, (customer) =>
      client.fillWallet(this.#gateway, customer, LOAD_BALANCE),
    );
    this.#system.phase = 'calm';
    const from = client.samples.length;
    const pace = createPace(CLIENTS);
    if (!paced) pace.release();
    // A defect may leave orders without a final answer: those are repeated for some time only.
    const end = performance.now() + WAIT_MS;
    await runLoad({
      client,
      customers,
      hot,
      pace,
      gateways: this.#system.gateways,
      clients: CLIENTS,
      random: createRandom('defects'),
      mayGoOn: () => client.samples.length - from < REQUESTS && performance.now() < end,
    });
    return calmViolations(client.samples.slice(from));
  }
}

/** As if nothing had ever been ordered; accounts, profiles and positions stay. */
async function emptyTables(system: SystemUnderTest): Promise<void> {
  const run = (database: string, sql: string) =>
    retry(sql, () => queryRows(system.databaseUrl(database), sql));
  await run('orders', 'truncate orders, outbox');
  await run('billing', 'truncate payments, operations, wallets');
  await run('notifications', 'truncate letters, letter_attempts, dead_letters');
  await run('broker', 'delete from messages');
  await run(
    'broker',
    `update positions set position = next_offset from partitions
     where partitions.topic = positions.topic and partitions.partition = positions.partition`,
  );
  await system.smtp.forget();
  system.alarms.length = 0;
  system.unexpectedExits.length = 0;
  system.topicLostAt = undefined;
}
