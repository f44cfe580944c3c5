import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { queryRows } from '#harness/database.ts';
import { percentilesOf } from '#harness/percentiles.ts';
import { makePlainTables, plainStatements } from './plain-tables.ts';
import {
  BASELINE_WALLETS,
  type BaselineFigures,
  type BaselineStatement,
  baselineStatements,
  pgbenchScript,
  runPlainClients,
} from './statements.ts';

const run = promisify(execFile);

export type Baseline = Awaited<ReturnType<typeof prepareBaseline>>;

/** A yardstick: three writes of an order in a database of its own. */
export interface Workload {
  /** The database's, too. */
  name: string;
  /** In an empty database. */
  makeTables: (url: string) => Promise<void>;
  statements: BaselineStatement[];
}

/** On the tables and indexes of orders and billing. */
export const OWN_TABLES: Workload = {
  name: 'baseline',
  makeTables,
  statements: baselineStatements,
};

/** On the least that a plain system would store. */
export const PLAIN_TABLES: Workload = {
  name: 'plain_tables',
  makeTables: makePlainTables,
  statements: plainStatements,
};

const SERVICES = ['orders', 'billing'];
const ROOT = join(import.meta.dirname, '..', '..', '..');
// The work goes to the server; two threads are enough for many connections.
const THREADS_MAX = 2;

/**
 * Prepares the three writes of an order without any service: makes the workload's database.
 * @param superuserUrl URL of a database of the server as superuser
 * @param folder where pgbench's files go; made if missing
 */
export async function prepareBaseline(
  superuserUrl: (database: string) => string,
  folder: string,
  { name, makeTables, statements }: Workload,
) {
  await queryRows(superuserUrl('postgres'), `create database ${name}`);
  const url = superuserUrl(name);
  await makeTables(url);
  const pgbench = await findPgbench();
  if (pgbench === undefined) {
    return {
      /** The client that sends the statements. */
      by: 'plain connections (pgbench is not installed)',
      measure: (connections: number, seconds: number) =>
        runPlainClients(url, statements, connections, seconds),
    };
  }
  await mkdir(folder, { recursive: true });
  const script = join(folder, `${name}.sql`);
  await writeFile(script, pgbenchScript(statements));
  let runs = 0;
  return {
    by: 'pgbench -M prepared',
    measure(connections: number, seconds: number) {
      const log = join(folder, `${name}-times-${++runs}`);
      return runPgbench({ pgbench, script, url, connections, seconds, log });
    },
  };
}

/** Makes our tables and wallets in an empty database. */
async function makeTables(url: string): Promise<void> {
  // A schema each: both services have a table of the same name.
  const database = new URL(url).pathname.slice(1);
  await queryRows(url, `alter database ${database} set search_path = ${SERVICES.join(', ')}`);
  for (const service of SERVICES) await applyMigrations(url, service);
  await queryRows(
    url,
    `insert into wallets (customer_id, currency, balance)
     select 'baseline-' || n, 'RUB', 1000000000000 from generate_series(1, ${BASELINE_WALLETS}) as n`,
  );
}

/** The files themselves, without the record of what was applied: two services share a database. */
async function applyMigrations(url: string, service: string): Promise<void> {
  const folder = join(ROOT, 'services', service, 'migrations');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  await queryRows(url, `create schema ${service}`);
  const own = new URL(url);
  own.searchParams.set('options', `-c search_path=${service}`);
  for (const name of names) await queryRows(own.href, await readFile(join(folder, name), 'utf8'));
}

/** The newest that there is: Debian keeps it out of PATH. */
export async function findPgbench(): Promise<string | undefined> {
  const programs = [
    'pgbench',
    ...globSync('/usr/lib/postgresql/*/bin/pgbench').sort().toReversed(),
  ];
  for (const program of programs) {
    const found = await run(program, ['--version']).catch(() => undefined);
    if (found !== undefined) return program;
  }
  return undefined;
}

/**
 * Runs pgbench; `log` is the prefix of the files with the time of each order.
 * @throws Error when any order failed
 */
export async function runPgbench(
  given: Record<'pgbench' | 'script' | 'url' | 'log', string> &
    Record<'connections' | 'seconds', number>,
): Promise<BaselineFigures> {
  const { script, url, connections, seconds, log } = given;
  const { stdout } = await run(given.pgbench, [
    ...['-n', '-M', 'prepared', '-f', script, '-T', String(seconds)],
    ...['-c', String(connections), '-j', String(Math.min(connections, THREADS_MAX))],
    ...['-l', `--log-prefix=${log}`, url],
  ]).catch((error: Error & { stderr?: string }) => {
    throw new Error(`pgbench failed: ${error.stderr?.split('\n', 1)[0] ?? error.message}`);
  });
  const ordersPerS = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
  const failed = Number(/failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0);
  if (!(ordersPerS > 0) || failed > 0) throw new Error(`pgbench did not measure:\n${stdout}`);
  const times: number[] = [];
  for (const file of globSync(`${log}.*`)) {
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      // Client, number, microseconds, and more.
      if (line !== '') times.push(Number(line.split(' ', 3)[2]) / 1_000);
    }
  }
  return { ordersPerS, latency: percentilesOf(times) };
}
