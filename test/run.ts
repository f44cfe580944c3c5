import { spawn } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { ensureConsole } from '#dev/console.ts';
import { ensureKafkaJars, KafkaUnavailableError } from '#dev/kafka-jars.ts';
import { type KafkaServer, startKafkaServer } from '#dev/kafka-server.ts';
import { type EmbeddedPostgres, startPostgres } from '#dev/postgres.ts';
import { findChromium } from './chromium.ts';
import { banner, planOf, type Stage, writeGroups } from './suites.ts';

// `npm test -- [file or suite…]`: Node's test runner, with one PostgreSQL and one Kafka for all
// files. Without names the quick suites run, with `--rest` all that they leave out (docs/testing.md).

const ROOT = join(import.meta.dirname, '..');
const HOME = join(ROOT, '.orderbell');
const TIMES_REPORTER = join(import.meta.dirname, 'times.ts');

// Each process of tests has pools and hash work; more at once than this only fight for the
// processors of a small CI machine.
const CONCURRENCY = 4;

// It ends a test that hangs, and no other: nothing takes this long on a machine ten times slower.
const TEST_TIMEOUT_MS = 600_000;

// A run needs less than 1 GB at a time.
const SHARED_MEMORY = '/dev/shm';
const SCRATCH_BYTES = 4 * 1024 ** 3;

const GET_JAVA = 'To have them: apt install openjdk-17-jre-headless maven';
const GET_CHROMIUM = 'To have them: apt install chromium';

const stages = planOf(process.argv.slice(2));
const groups = stages.flatMap((stage) => stage.groups);
const files = groups.flatMap((group) => group.files);
for (const line of banner(stages)) console.log(line);

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
  postgres = await startPostgres({
    home,
    log: pino({ level: 'warn' }),
    // The data die with the run, so no power cut can harm them.
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '600' },
  });
  const env = { ...browserEnv, ...kafkaEnv, TEST_POSTGRES_URL: postgres.superuserUrl('postgres') };
  process.exitCode = await runAll(stages, env);
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
  const inOneProcess = groups.every(({ layout }) => layout === 'one-process');
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

/** @returns 0 when everything passed */
async function runAll(all: Stage[], env: Record<string, string>): Promise<number> {
  for (const stage of all) {
    if (interrupted.signal.aborted) return 1;
    if (all.length > 1) console.log(`\n# ${stage.name}`);
    const started = performance.now();
    const code = await run(runnable(stage, env), env);
    const seconds = Math.round((performance.now() - started) / 1_000);
    if (all.length > 1) {
      console.log(`# ${stage.name}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
    }
    // The lines of what comes next would hide it.
    if (code !== 0) return code;
  }
  return 0;
}

/** Without the groups that cannot run. */
function runnable(stage: Stage, env: Record<string, string>): Stage {
  // Services that are processes of their own meet on a real Kafka.
  if (env.TEST_KAFKA_BROKERS !== undefined) return stage;
  const groups = stage.groups.filter(({ layout }) => layout === 'one-process');
  if (groups.length < stage.groups.length) {
    console.error('\n!!! TESTS WITH SERVICES AS PROCESSES ARE SKIPPED: there is no Kafka.\n');
  }
  return { ...stage, groups };
}

/** The arguments of Node that run a stage. */
async function argumentsOf(stage: Stage): Promise<string[]> {
  if (stage.program) return stage.program;
  const args = ['--test', `--test-concurrency=${CONCURRENCY}`, `--test-timeout=${TEST_TIMEOUT_MS}`];
  const { TEST_TIMES: times } = process.env;
  const reporters = times ? { spec: 'stdout', [TIMES_REPORTER]: `${times}-${stage.name}` } : {};
  for (const [reporter, to] of Object.entries(reporters)) {
    args.push(`--test-reporter=${reporter}`, `--test-reporter-destination=${to}`);
  }
  return [...args, ...(await writeGroups(stage, home))];
}

async function run(stage: Stage, env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, await argumentsOf(stage), {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      // What all files import is compiled once, by the services' processes too.
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
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      interrupted.signal.removeEventListener('abort', stop);
      resolve(code ?? 1);
    });
  });
}
