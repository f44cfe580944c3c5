import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { inspect } from 'node:util';
import { startIssuer } from '#harness/issuer.ts';
import { print, printError } from '#platform/telemetry/print.ts';
import { measureBacklog } from './speed/experiments/backlog.ts';
import { measureCores } from './speed/experiments/cores.ts';
import { measureManyRows } from './speed/experiments/many-rows.ts';
import { measureMemory } from './speed/experiments/memory.ts';
import { startLoad } from './speed/load/load-process.ts';
import type { ExperimentResult, Run } from './speed/measuring/experiment-context.ts';
import { measureSetUps } from './speed/measuring/run.ts';
import { ORDERS_ALONE, targetLines, targetsOf } from './speed/measuring/targets.ts';
import { readOptions, USAGE } from './speed/options.ts';
import { experimentLines, ratioLines, reconciliationLines, resultLines } from './speed/report.ts';
import { createResources } from './speed/set-ups/set-up.ts';

// `npm run bench`: the speed of orders and their letters, compared with the database alone.
// Exit code 1 on a violation, 2 on wrong arguments, 130 when interrupted.

const HOME = join(import.meta.dirname, '..', '.orderbell');
const options = readOptionsOrExit();
const resources = createResources();
const interrupted = Promise.withResolvers<never>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interrupted.reject(signal));
}
const folder = await mkdtemp(join(tmpdir(), 'orderbell-speed-'));
// For root the database runs as another user, who must be able to enter.
await chmod(folder, 0o755);
try {
  process.exitCode = await Promise.race([measureAll(), interrupted.promise]);
} catch (error) {
  if (typeof error !== 'string') printError(inspect(error));
  process.exitCode = typeof error === 'string' ? 130 : 1;
} finally {
  // Pending work fails when its resources are closed, which must not end this process early.
  process.on('uncaughtException', () => {});
  await resources.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
// Interrupted work may keep the process alive.
process.exit();

function readOptionsOrExit() {
  try {
    return readOptions();
  } catch (error) {
    printError(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** @returns the exit code */
async function measureAll(): Promise<number> {
  const run: Run = {
    folder,
    home: HOME,
    resources,
    say: (line: string) => print(`# ${line}`),
    issuer: await resources.add(startIssuer()),
    load: await resources.add(startLoad()),
  };
  const findings = await runExperiments(run);
  const instead = Object.keys(options.instead).length > 0;
  const results = instead ? [] : await measureSetUps(run, options);
  const books = [...results.map((result) => result.books), ...findings.flatMap((one) => one.books)];
  const targets = [...targetsOf(results), ...findings.flatMap((one) => one.targets)];
  await writeJson({ results, findings, targets });
  for (const line of [
    ...['', ...resultLines(results), ...findings.flatMap(experimentLines)],
    ...[...reconciliationLines(books), '', ...targetLines(targets), ''],
    `everything measured: ${relative(process.cwd(), options.json)}`,
    ...ratioLines(results),
  ]) {
    print(line);
  }
  return books.every(({ breaches }) => breaches.length === 0) ? 0 : 1;
}

async function runExperiments(run: Run): Promise<ExperimentResult[]> {
  const { rows, backlog, orders, cores } = options.instead;
  const results: (ExperimentResult | undefined)[] = [];
  if (rows !== undefined) results.push(await measureManyRows(run, { ...options, count: rows }));
  if (backlog !== undefined) {
    const [setUp] = options.setUps as [string];
    results.push(await measureBacklog(run, setUp, { ...options, count: backlog }));
  }
  if (orders !== undefined) results.push(await measureMemory(run, orders));
  for (const name of cores ? options.setUps.filter((each) => each !== ORDERS_ALONE) : []) {
    results.push(await measureCores(run, name, options));
  }
  return results.filter((each) => each !== undefined);
}

async function writeJson(measured: object): Promise<void> {
  const machine = {
    processors: cpus().length,
    model: cpus()[0]?.model,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  const document = { at: new Date().toISOString(), machine, options, ...measured };
  await mkdir(dirname(options.json), { recursive: true });
  await writeFile(options.json, `${JSON.stringify(document, null, 2)}\n`);
}
