import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { ensureConsole } from '#dev/console.ts';
import { ensureKafkaJars, KafkaUnavailableError } from '#dev/kafka-jars.ts';
import { type KafkaServer, startKafkaServer } from '#dev/kafka-server.ts';
import { type EmbeddedPostgres, startPostgres } from '#dev/postgres.ts';
import { findChromium } from './chromium.ts';
import { LAYOUTS, type Layout, testLayout } from './layout.ts';

// `npm test [file…]`: Node's test runner beside one PostgreSQL and one Kafka for all files. Without
// files, all tests run, and those of the whole system once more in each of the other layouts.

const ROOT = join(import.meta.dirname, '..');
const HOME = join(ROOT, '.orderbell');

const given = process.argv.slice(2);
const files =
  given.length > 0
    ? given
    : globSync('**/*.test.ts', { exclude: (name) => name === 'node_modules' || name === '.git' });

// Each file is a process with pools and hash work; more at once than this only fight for the
// processors of a small CI machine.
const CONCURRENCY = 2;

// Nothing takes this long: it ends a test that hangs.
const TEST_TIMEOUT_MS = 180_000;

// From the first moment on, or Ctrl-C during the start would leave the servers behind.
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interrupted.abort(signal));
}

const home = await mkdtemp(join(tmpdir(), 'orderbell-test-'));
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
  process.exitCode = await runAll(env);
} finally {
  await kafka?.stop();
  await postgres?.stop();
  await rm(home, { recursive: true, force: true });
  if (postgres) await rm(postgres.folder, { recursive: true, force: true });
}

/** The Kafka that KAFKA_BROKERS names, or one of our own, or none with a line that says so. */
async function findKafka(): Promise<Record<string, string>> {
  const usesKafka = (file: string): boolean => readFileSync(file, 'utf8').includes('kafka');
  if (testLayout() === 'one-process' && !files.some(usesKafka)) return {};
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
    console.error(`\n!!! ${skipped} SKIPPED. ${error.message}\n`);
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
    console.error(`\n!!! TESTS WITH A BROWSER ARE SKIPPED. ${why}\n`);
    return {};
  }
  const fault = await ensureConsole();
  // An older one would be tested in its place.
  if (fault !== null) throw new Error(fault);
  return { TEST_CHROMIUM: chromium };
}

/** @returns 0 when everything passed */
async function runAll(env: Record<string, string>): Promise<number> {
  const chosen = testLayout();
  if (given.length > 0 || process.env.TEST_LAYOUT) return run(chosen, files, env);
  const systemFiles = files.filter((file) => file.startsWith(join('test', 'system')));
  const others = env.TEST_KAFKA_JARS ? LAYOUTS.filter((layout) => layout !== chosen) : [];
  // The most numerous tests last: where their closing lines are looked for. What failed before
  // would be hidden by them, so it ends the run.
  for (const layout of [...others, chosen]) {
    if (interrupted.signal.aborted) return 1;
    console.log(`\n# ${layout}`);
    const started = performance.now();
    const code = await run(layout, layout === chosen ? files : systemFiles, env);
    const seconds = Math.round((performance.now() - started) / 1_000);
    console.log(`# ${layout}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
    if (code !== 0) return code;
  }
  return 0;
}

function run(layout: Layout, paths: string[], env: Record<string, string>): Promise<number> {
  const args = ['--test', `--test-concurrency=${CONCURRENCY}`, `--test-timeout=${TEST_TIMEOUT_MS}`];
  const child = spawn(process.execPath, [...args, ...paths], {
    stdio: 'inherit',
    env: {
      // What all files import is compiled once, by the services' processes too.
      NODE_COMPILE_CACHE: join(HOME, 'compile-cache'),
      ...process.env,
      ...env,
      TEST_LAYOUT: layout,
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
