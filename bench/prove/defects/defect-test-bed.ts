import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { queryRows } from '#harness/database.ts';
import { eventually, mapConcurrent, retry, WAIT_MS } from '#harness/eventually.ts';
import { createRandom } from '#harness/random.ts';
import { runCrashPoints } from '../crash-points/crash-points.ts';
import { type Client, type Customer, createClient } from '../load/client.ts';
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
// A defect may leave something stuck, or trying for ever: the books are compared all the same.
const LIMITS = { standstillMs: 2_500, totalMs: 5_000 };
// So may what a crash point waits for never come.
const OUTCOME_MS = 10_000;

/** One system for all defects: each is planted in the processes of one service. */
export interface DefectTestBed {
  /** @param defect null for the product as it is. @returns the violations found */
  find(defect: Defect | null, points?: string[]): Promise<string[]>;
  close(): Promise<void>;
}

export async function startDefectTestBed(say: (line: string) => void): Promise<DefectTestBed> {
  const system = await startSystemUnderTest({
    seed: '1',
    kafka: false,
    replicas: 2,
    say,
    home: join(ROOT, '.orderbell'),
  });
  const [gateway] = system.gateways as [string];
  const first = createClient();
  const { customers, hot } = await registerCustomers(first, gateway);
  await first.close();
  let broken: string | undefined;

  async function plant(defect: Defect | null): Promise<void> {
    const service = defect?.service;
    if (broken !== undefined && broken !== service) await restart(broken, {});
    broken = service;
    if (defect === null) return;
    const text = await readFile(join(ROOT, defect.file), 'utf8');
    if (text.split(defect.from).length !== 2) {
      throw new Error(`${defect.file} does not have the text to break exactly once`);
    }
    const { file, from, to } = defect;
    await restart(defect.service, {
      NODE_OPTIONS: `--import=${PRELOAD}`,
      DEFECT: JSON.stringify({ file, from, to }),
    });
  }

  async function restart(service: string, settings: Record<string, string>): Promise<void> {
    const replicas = system.replicas.filter((replica) => replica.service === service);
    for (const replica of replicas) if (replica.state === 'running') replica.kill();
    await Promise.all(replicas.map((replica) => replica.revive(settings)));
  }

  /** @param paced slowly enough for final answers only; else in batches, on any machine */
  async function load(client: Client, paced: boolean): Promise<string[]> {
    await refill(client, gateway, [...customers, hot]);
    system.phase = 'calm';
    const from = client.samples.length;
    const pace = createPace(CLIENTS);
    if (!paced) pace.release();
    // A defect may leave orders without a final answer: those are asked for a while only.
    const end = performance.now() + WAIT_MS;
    await runLoad({
      client,
      customers,
      hot,
      pace,
      gateways: system.gateways,
      clients: CLIENTS,
      random: createRandom('defects'),
      mayGoOn: () => client.samples.length - from < REQUESTS && performance.now() < end,
    });
    return calmViolations(client.samples.slice(from));
  }

  return {
    async find(defect, points = []) {
      system.phase = 'start';
      await plant(defect);
      await eventually('readiness', async () => (await fetch(`${gateway}/readyz`)).ok);
      await emptyBooks(system);
      const client = createClient();
      client.history.customers.push(...first.history.customers);
      const report = newReport('1', points.length);
      try {
        if (points.length > 0) {
          system.phase = 'crash points';
          await runCrashPoints(
            system,
            client,
            { points, say: () => {}, outcomeMs: OUTCOME_MS },
            report,
          );
        } else report.violations.push(...(await load(client, defect === null)));
        const { violations } = await checkAll(system, client, LIMITS);
        return [...report.violations, ...violations];
      } finally {
        await client.close();
      }
    },
    close: () => system.close(),
  };
}

/** Money as if the customers had just come. */
async function refill(client: Client, gateway: string, all: Customer[]): Promise<void> {
  const asked = { key: 'at-first', amount: LOAD_BALANCE };
  await mapConcurrent(all, CLIENTS, (customer) =>
    retry('a top-up', async () => {
      const answer = await client.topUp(gateway, customer, asked);
      if (answer?.status !== 201) throw new Error(`answered ${answer?.status}`);
    }),
  );
}

/** As if nothing had ever been ordered; accounts, profiles and positions stay. */
async function emptyBooks(system: SystemUnderTest): Promise<void> {
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
