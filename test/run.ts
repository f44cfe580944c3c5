import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { ensureKafkaJars, KafkaUnavailableError } from '#dev/kafka/jars.ts';
import { type KafkaServer, startKafkaServer } from '#dev/kafka/server.ts';
import { type EmbeddedPostgres, startPostgres } from '#dev/postgres/postgres.ts';
import { ensureConsole } from '#dev/start/console.ts';
import { findChromium } from '#harness/system/chromium.ts';
import {
  installPreviousRelease,
  ReleaseUnavailableError,
} from '#harness/system/previous-release.ts';
import { COMMON_TOOLS, missingTools } from '#harness/system/tools.ts';
import { coverageLines, writeCoverage } from './exchanges.ts';
import { banner, type Plan, planOf, writeGroups } from './suites.ts';

// `npm test -- [file or suite…]`: Node's test runner, with one PostgreSQL and one Kafka for all
// files. Without names the quick suites run, with `--rest` all the others:
// docs/reference/testing.md.

const ROOT = join(import.meta.dirname, '..');
const HOME = join(ROOT, '.orderbell');
const TIMES_REPORTER = join(import.meta.dirname, 'times.ts');

// Each process of tests has pools and hash work; more at once than this only fight for the
// processors of a small CI machine.
const CONCURRENCY = 4;

// It ends a test that hangs: no test takes this long on a machine ten times slower, but the one of
// `prove`, which has a limit of its own.
const TEST_TIMEOUT_MS = 600_000;

// A run needs less than 1 GB at a time.
const SHARED_MEMORY = '/dev/shm';
const SCRATCH_BYTES = 4 * 1024 ** 3;

const GET_JAVA = 'To have them: apt install openjdk-17-jre-headless maven';
const GET_CHROMIUM = 'To have them: apt install chromium';

const plan = planOf(process.argv.slice(2));
const files = plan.groups.flatMap((group) => group.files);
const unknown = files.filter((file) => !existsSync(file));
if (unknown.length > 0) {
  console.error(`there is no suite and no test file ${unknown.join(', ')}`);
  process.exit(1);
}
for (const line of banner(plan)) console.log(line);

// From the first moment on, or Ctrl-C during the start would leave the servers behind.
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interrupted.abort(signal));
}

const home = await mkdtemp(join(scratchRoot(), 'orderbell-test-'));
// For root the server runs as another user, who must be able to enter.
await chmod(home, 0o755);

let postgres: EmbeddedPostgres | undefined;
let kafka: KafkaServer | undefined;
try {
  const browserEnv = await findBrowser();
  const kafkaEnv = await findKafka();
  const releaseEnv = await findPreviousRelease();
  findTools();
  postgres = await startPostgres({
    home,
    log: pino({ level: 'warn' }),
    // The data die with the run, so no power cut can harm them.
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '600' },
  });
  const found = { ...browserEnv, ...kafkaEnv, ...releaseEnv };
  const exchanges = process.env.TEST_EXCHANGES || join(home, 'exchanges');
  const env = {
    ...found,
    TEST_POSTGRES_URL: postgres.superuserUrl('postgres'),
    TEST_EXCHANGES: exchanges,
  };
  const failed = await run(runnable(plan, env), env);
  // Also after failed tests, so that one run reports both.
  process.exitCode = checkCoverage(exchanges) || failed;
} finally {
  await kafka?.stop();
  await postgres?.stop();
  await rm(home, { recursive: true, force: true });
  if (postgres) await rm(postgres.folder, { recursive: true, force: true });
}

/**
 * In memory where there is enough: databases are made and dropped by the thousand, 300 files each,
 * and on a disk that takes half of a run's processor time.
 */
function scratchRoot(): string {
  if (process.env.TMPDIR) return tmpdir();
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    return bavail * bsize >= SCRATCH_BYTES ? SHARED_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** The Kafka that KAFKA_BROKERS names, or one of our own, or none with a line that says so. */
async function findKafka(): Promise<Record<string, string>> {
  const usesKafka = (file: string): boolean => /kafka\S*\.ts'/.test(readFileSync(file, 'utf8'));
  const inOneProcess = plan.groups.every(({ layout }) => layout === 'one-process');
  if (inOneProcess && !files.some(usesKafka)) return {};
  const { KAFKA_BROKERS: brokers, REQUIRE_KAFKA: required } = process.env;
  try {
    // The jars also where a Kafka was given: for those that a test kills.
    const jars = await ensureKafkaJars(HOME);
    if (brokers) return { TEST_KAFKA_BROKERS: brokers, TEST_KAFKA_JARS: jars };
    kafka = await startKafkaServer({ folder: join(home, 'kafka'), jars, port: 0 });
    return { TEST_KAFKA_BROKERS: kafka.address, TEST_KAFKA_JARS: jars };
  } catch (error) {
    if (!(error instanceof KafkaUnavailableError) || required === '1') throw error;
    const skipped = brokers ? 'TESTS THAT KILL A KAFKA ARE' : 'TESTS WITH KAFKA ARE';
    console.error(`\n!!! ${skipped} SKIPPED. ${error.message}\n${GET_JAVA}\n`);
    return brokers ? { TEST_KAFKA_BROKERS: brokers } : {};
  }
}

/** The Chromium for the tests of the console, which is built then, or none with a line that says so. */
async function findBrowser(): Promise<Record<string, string>> {
  if (!files.some((file) => readFileSync(file, 'utf8').includes('/browser.ts'))) return {};
  const chromium = findChromium();
  if (chromium === null) {
    const why =
      'No chromium, chromium-browser or google-chrome is on PATH, and CHROMIUM names none.';
    if (process.env.REQUIRE_CHROMIUM === '1') throw new Error(why);
    console.error(`\n!!! TESTS WITH A BROWSER ARE SKIPPED. ${why}\n${GET_CHROMIUM}\n`);
    return {};
  }
  const fault = await ensureConsole();
  // An older one would be tested in its place.
  if (fault !== null) throw new Error(fault);
  return { TEST_CHROMIUM: chromium };
}

/** The previous release for the tests of versions side by side, or none with a line that says so. */
async function findPreviousRelease(): Promise<Record<string, string>> {
  const mixed = plan.groups.some(({ layout }) => layout === 'versions');
  const uses = (file: string): boolean => /previous-release\.ts'/.test(readFileSync(file, 'utf8'));
  if (!mixed && !files.some(uses)) return {};
  try {
    return { TEST_PREVIOUS_RELEASE: await installPreviousRelease(join(HOME, 'releases')) };
  } catch (error) {
    if (!(error instanceof ReleaseUnavailableError)) throw error;
    console.error(`\n!!! TESTS WITH THE PREVIOUS RELEASE ARE SKIPPED. ${error.message}\n`);
    return {};
  }
}

/** Says which tests are skipped for want of a program; REQUIRE_TOOLS=1 makes that a failure. */
function findTools(): void {
  const missing = missingTools(files);
  if (missing.length === 0) return;
  const line = `TESTS WITH THESE PROGRAMS ARE SKIPPED: ${missing.join(', ')}`;
  const required = process.env.REQUIRE_TOOLS === '1';
  if (required && missingTools(files, COMMON_TOOLS).length > 0) throw new Error(line);
  console.error(`\n!!! ${line}\n`);
}

/** Without the groups that cannot run. */
function runnable({ name, groups }: Plan, env: Record<string, string>): Plan {
  const known = groups.filter(
    ({ layout }) => layout !== 'versions' || env.TEST_PREVIOUS_RELEASE !== undefined,
  );
  // Services that are processes of their own meet on a real Kafka.
  if (env.TEST_KAFKA_BROKERS !== undefined) return { name, groups: known };
  const here = known.filter(({ layout }) => layout === 'one-process');
  if (here.length < known.length) {
    console.error('\n!!! TESTS WITH SERVICES AS PROCESSES ARE SKIPPED: there is no Kafka.\n');
  }
  return { name, groups: here };
}

/** @returns 1 when the quick suites have left out an operation of the public API */
function checkCoverage(exchanges: string): number {
  if (process.env.TEST_EXCHANGES) writeCoverage(exchanges);
  const lines = plan.name === 'quick' ? coverageLines(exchanges) : [];
  for (const line of lines) console.error(line);
  return lines.length > 0 ? 1 : 0;
}

/** The arguments of Node that run a plan. */
async function argumentsOf(plan: Plan): Promise<string[]> {
  const args = ['--test', `--test-concurrency=${CONCURRENCY}`, `--test-timeout=${TEST_TIMEOUT_MS}`];
  const { TEST_TIMES: times } = process.env;
  const reporters = times ? { spec: 'stdout', [TIMES_REPORTER]: `${times}-${plan.name}` } : {};
  for (const [reporter, to] of Object.entries(reporters)) {
    args.push(`--test-reporter=${reporter}`, `--test-reporter-destination=${to}`);
  }
  return [...args, ...(await writeGroups(plan, home))];
}

/** @returns the runner's exit code: 0 when everything passed */
async function run(plan: Plan, env: Record<string, string>): Promise<number> {
  if (interrupted.signal.aborted) return 1;
  // Without file names the runner would run every test file that it finds.
  if (plan.groups.length === 0) return 0;
  const child = spawn(process.execPath, await argumentsOf(plan), {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      // Shared modules are compiled once; the services' processes use the cache too.
      NODE_COMPILE_CACHE: join(HOME, 'compile-cache'),
      ...process.env,
      ...env,
      TMPDIR: home,
      // Given to us for the tests of Kafka, and not to every system that a test starts.
      KAFKA_BROKERS: undefined,
    },
  });
  const stop = () => child.kill(interrupted.signal.reason);
  interrupted.signal.addEventListener('abort', stop);
  const [code] = await once(child, 'close');
  return code ?? 1;
}
