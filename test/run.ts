import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { ensureKafkaJars, KafkaUnavailableError } from '#dev/kafka-jars.ts';
import { type KafkaServer, startKafkaServer } from '#dev/kafka-server.ts';
import { type EmbeddedPostgres, startPostgres } from '#dev/postgres.ts';
import { testLayout } from './layout.ts';

// `npm test [file…]`: Node's test runner beside one PostgreSQL and one Kafka for all files.

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

const home = await mkdtemp(join(tmpdir(), 'orderbell-test-'));
// For root the server runs as another user, who must be able to enter.
await chmod(home, 0o755);

// From the first moment on, or Ctrl-C during the start would leave the server behind.
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interrupted.abort(signal));
}

let postgres: EmbeddedPostgres | undefined;
let kafka: KafkaServer | undefined;
try {
  const kafkaEnv = await findKafka();
  postgres = await startPostgres({
    home,
    log: pino({ level: 'warn' }),
    // The data die with the run, so no power cut can harm them.
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '600' },
  });
  process.exitCode = interrupted.signal.aborted
    ? 1
    : await runTests({ ...kafkaEnv, TEST_POSTGRES_URL: postgres.superuserUrl('postgres') });
} finally {
  await kafka?.stop();
  await postgres?.stop();
  await rm(home, { recursive: true, force: true });
  if (postgres) await rm(postgres.folder, { recursive: true, force: true });
}

const usesKafka = (file: string): boolean => readFileSync(file, 'utf8').includes('kafka');

/** The Kafka that KAFKA_BROKERS names, or one of our own, or none with a line that says so. */
async function findKafka(): Promise<Record<string, string>> {
  if (testLayout() === 'one-process' && !files.some(usesKafka)) return {};
  const { KAFKA_BROKERS: given, REQUIRE_KAFKA: required } = process.env;
  if (given) return { TEST_KAFKA_BROKERS: given };
  try {
    const jars = await ensureKafkaJars(join(import.meta.dirname, '..', '.orderbell'));
    kafka = await startKafkaServer({ folder: join(home, 'kafka'), jars, port: 0 });
    return { TEST_KAFKA_BROKERS: kafka.address, TEST_KAFKA_JARS: jars };
  } catch (error) {
    if (!(error instanceof KafkaUnavailableError) || required === '1') throw error;
    console.error(`\n!!! TESTS WITH KAFKA ARE SKIPPED. ${error.message}\n`);
    return {};
  }
}

function runTests(env: Record<string, string>): Promise<number> {
  const args = ['--test', `--test-concurrency=${CONCURRENCY}`, `--test-timeout=${TEST_TIMEOUT_MS}`];
  const child = spawn(process.execPath, [...args, ...files], {
    stdio: 'inherit',
    env: {
      // What all files import is compiled once, by the services' processes too.
      NODE_COMPILE_CACHE: join(import.meta.dirname, '..', '.orderbell', 'compile-cache'),
      ...process.env,
      ...env,
    },
  });
  interrupted.signal.addEventListener('abort', () => child.kill(interrupted.signal.reason));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
