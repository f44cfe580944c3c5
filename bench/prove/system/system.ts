import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { isAlive, readPidFile } from '#dev/files/process.ts';
import { ensureKafkaJars, KafkaUnavailableError } from '#dev/kafka/jars.ts';
import { type KafkaServer, startKafkaServer } from '#dev/kafka/server.ts';
import { createSecrets, type Secrets } from '#dev/system/secrets.ts';
import { type System, startSystem } from '#dev/system/system.ts';
import type { TestBroker } from '#harness/broker/broker.ts';
import { embeddedTopic } from '#harness/broker/embedded-topic.ts';
import { openKafkaTopic } from '#harness/broker/kafka-topic.ts';
import { type SmtpProcess, startSmtpProcess } from '#harness/faults/smtp-process.ts';
import type { OracleSources } from '#harness/oracle/stored-state.ts';
import { openOwnPostgres } from '#harness/system/own-postgres.ts';
import { type Alarm, alarmIn, isExcused, type Phase } from './alarms.ts';
import { type Replica, startReplica } from './replica.ts';

/** The whole system as processes, and what can harm it. */
export interface SystemUnderTest extends OracleSources {
  replicas: Replica[];
  /** Base URLs of both gateways. */
  gateways: string[];
  /** PostgreSQL as a victim: it comes back by itself (dev/postgres/postgres.ts). */
  postgres: Awaited<ReturnType<typeof startDatabaseServer>>;
  /** Absent where the broker is the embedded one. */
  kafka: KafkaServer | undefined;
  broker: TestBroker;
  smtp: SmtpProcess;
  secrets: Secrets;
  /** Exits that none of our faults explains, such as a process that ended by itself. */
  unexpectedExits: string[];
  /** Alarms of the services that none of our faults explains. */
  alarms: Alarm[];
  /** Set by the caller: what counts as an alarm depends on it. */
  phase: Phase;
  /** When a crash point made the topic lose acknowledged events, by the database's clock. */
  topicLostAt: Date | undefined;
  /** How many log lines contained this text so far. */
  countLines(text: string): number;
  close(): Promise<void>;
}

export interface SystemUnderTestOptions {
  seed: string;
  /** False takes the embedded broker. */
  kafka: boolean;
  /** Of each business service. */
  replicas: number;
  /** Folder with what is fetched once, such as the jars of Kafka. */
  home: string;
  /** Lines for the person at the terminal. */
  say: (line: string) => void;
}

/** Soon enough to meet late requests and repetitions, and above the deadline of an order. */
export const RECOVERY_AGE_MS = 4_000;

const ENV = {
  PORT: '0',
  // Alarms are what the run looks for; the other lines cost time.
  LOG_REQUESTS: 'false',
  ORDER_DEADLINE_MS: '3000',
  RECOVERY_AGE_MS: String(RECOVERY_AGE_MS),
  RECOVERY_INTERVAL_MS: '500',
  REGISTRATIONS_PER_ADDRESS: '100000',
};
// Two replicas of everything, with their pools.
const DATABASE_CONNECTIONS_MAX = '400';
/** Log lines that are counted. */
const COUNTED = ['pending orders recovered'];
// Further equal alarms add no information.
const ALARMS_MAX = 1_000;

/** Starts everything; on failure what had started is closed again. */
export async function startSystemUnderTest(
  options: SystemUnderTestOptions,
): Promise<SystemUnderTest> {
  await using open = new AsyncDisposableStack();
  const system = await startAll(options, open);
  const started = open.move();
  system.close = () => started.disposeAsync().catch(() => {});
  return system;
}

async function startAll(
  options: SystemUnderTestOptions,
  open: AsyncDisposableStack,
): Promise<SystemUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-prove-'));
  open.defer(() => rm(folder, { recursive: true, force: true }));
  // For root the server runs as another user, who must be able to enter.
  await chmod(folder, 0o755);
  const [postgres, kafka, smtp] = await Promise.all([
    startDatabaseServer(folder, open),
    startKafka(options, folder, open),
    startSmtpProcess(folder, options.seed),
  ]);
  open.defer(smtp.close);
  const broker =
    kafka === undefined
      ? embeddedTopic(postgres.url('broker'))
      : await openKafkaTopic(open, [kafka.address], kafka);
  const counts = new Map(COUNTED.map((text) => [text, 0]));
  const system: SystemUnderTest = {
    replicas: [],
    gateways: [],
    postgres,
    kafka,
    broker,
    smtp,
    secrets: createSecrets(),
    unexpectedExits: [],
    alarms: [],
    phase: 'start',
    topicLostAt: undefined,
    databaseUrl: postgres.url,
    listMails: smtp.listMails,
    countLines: (text) => counts.get(text) ?? 0,
    close: async () => {},
  };
  const onLine = (line: string, replica: string) => {
    for (const [text, count] of counts) if (line.includes(text)) counts.set(text, count + 1);
    const alarm = alarmIn(line, replica, system.phase);
    if (alarm === null || isExcused(alarm) || system.alarms.length >= ALARMS_MAX) return;
    system.alarms.push(alarm);
  };
  const services = await startServices(system, options.replicas, onLine);
  open.defer(() => services.close());
  // The same seed must meet the same order, whichever replica was ready first.
  system.replicas.sort((a, b) => a.name.localeCompare(b.name));
  system.gateways = services.services.get('gateway')?.urls ?? [];
  return system;
}

/** Starts the services behind their fault proxies, and adds their replicas to the system. */
function startServices(
  { postgres, secrets, smtp, broker, replicas, unexpectedExits }: SystemUnderTest,
  count: number,
  onLine: (line: string, replica: string) => void,
): Promise<System> {
  const log = pino({ level: 'silent' });
  const numbers = new Map<string, number>();
  return startSystem({
    databaseUrl: postgres.url,
    secrets,
    smtpUrl: smtp.url,
    broker: broker.settings,
    env: ENV,
    log: () => log,
    replicasOf: (service) => (service === 'identity' ? 1 : count),
    async startService(service, env) {
      // Taken before the first wait: replicas start concurrently.
      const number = (numbers.get(service) ?? 0) + 1;
      numbers.set(service, number);
      const name = `${service}/${number}`;
      const replica = await startReplica({
        service,
        name,
        env,
        onLine: (line) => onLine(line, name),
        onUnexpectedEnd: (what) => unexpectedExits.push(what),
      });
      replicas.push(replica);
      return replica;
    },
  });
}

async function startDatabaseServer(folder: string, open: AsyncDisposableStack) {
  const postgres = await openOwnPostgres(folder, 'prove', {
    max_connections: DATABASE_CONNECTIONS_MAX,
  });
  open.defer(postgres.close);
  return {
    /** URL of a database for the oracle, past all fault proxies. */
    url: postgres.superuserUrl,
    /** SIGKILL of its first process. @returns whether there was one */
    kill(): boolean {
      const pid = readPidFile(join(postgres.folder, 'postgres'))?.pid;
      if (pid === undefined || !isAlive(pid)) return false;
      process.kill(pid, 'SIGKILL');
      return true;
    },
  };
}

async function startKafka(
  { kafka, home, say }: SystemUnderTestOptions,
  folder: string,
  open: AsyncDisposableStack,
): Promise<KafkaServer | undefined> {
  if (!kafka) return undefined;
  try {
    const server = await startKafkaServer({
      folder: join(folder, 'kafka'),
      jars: await ensureKafkaJars(home),
      port: 0,
      properties: { 'group.min.session.timeout.ms': '1000' },
    });
    open.defer(() => server.stop());
    return server;
  } catch (error) {
    if (!(error instanceof KafkaUnavailableError) || process.env.REQUIRE_KAFKA === '1') throw error;
    say(`!!! WITHOUT KAFKA, on the embedded broker. ${error.message}`);
    return undefined;
  }
}
