import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Admin } from '@platformatic/kafka';
import { pause } from '#platform/async/backoff.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { freePort } from '../files/free-port.ts';

const run = promisify(execFile);

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;
const START_POLL_MS = 100;
const ANSWER_TIMEOUT_MS = 2_000;
const STOP_TIMEOUT_MS = 20_000;
const FORMAT_TIMEOUT_MS = 60_000;
// 370 MB in all. One compiler and one collector thread leave the processors of a small machine to
// the tests.
const JVM = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface KafkaServerOptions {
  /** Folder of the data, the settings and the log; created if missing. */
  folder: string;
  /** Folder of the jars (`ensureKafkaJars`). */
  jars: string;
  /** 0 takes any free one. */
  port: number;
  /** Server properties that replace the defaults. */
  properties?: Record<string, string>;
  /** System properties of the JVM, such as `-Dname=value`. */
  jvm?: string[];
  /** Arguments for the first formatting, such as `--add-scram`. */
  format?: string[];
  /** How long a start may take; a minute if absent. */
  startTimeoutMs?: number;
}

/** A Kafka of one node on this machine, broker and controller in one (KRaft). */
export type KafkaServer = Awaited<ReturnType<typeof startKafkaServer>>;

/**
 * Starts Apache Kafka and waits until it answers.
 * @throws Error with the end of its log when it does not start
 */
export async function startKafkaServer(options: KafkaServerOptions) {
  const { folder, startTimeoutMs = START_TIMEOUT_MS } = options;
  const { port, properties, settings, java, clusterId } = await prepare(options);
  let child = await spawnServer();
  // Otherwise Kafka would outlive this process.
  const killLast = () => {
    child.kill('SIGKILL');
  };
  process.once('exit', killLast);
  await untilReady();

  async function spawnServer(): Promise<ChildProcess> {
    const log = await open(logFileOf(folder), 'w');
    const spawned = spawn('java', [...JVM, ...java, 'kafka.Kafka', settings], {
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(spawned, 'spawn');
    await log.close();
    return spawned;
  }

  async function untilReady(): Promise<void> {
    const deadline = deadlineIn(startTimeoutMs);
    // Its own id: another Kafka that was faster may answer on this port.
    while ((await clusterAt(`${HOST}:${portOf(properties, port)}`)) !== clusterId) {
      const dead = child.exitCode !== null || child.signalCode !== null;
      if (dead || deadline.remainingMs() === 0) {
        child.kill('SIGKILL');
        throw new Error(`Kafka did not start:\n${await logEnd(folder)}`);
      }
      await pause(START_POLL_MS);
    }
  }

  async function exited(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  return {
    /** `127.0.0.1:port`; the same until the end. */
    address: `${HOST}:${port}`,
    folder,
    signal: (signal: NodeJS.Signals): void => {
      child.kill(signal);
    },
    exited,
    /** Restarts it on the same data and port, and waits until it answers. */
    async restart(): Promise<void> {
      await exited();
      child = await spawnServer();
      await untilReady();
    },
    async stop(): Promise<void> {
      child.kill('SIGTERM');
      // A process that SIGSTOP has stopped handles no other signal.
      child.kill('SIGCONT');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited();
      clearTimeout(late);
      process.off('exit', killLast);
    },
  };
}

/** Writes the settings, and formats the data folder at the first start. */
async function prepare(options: KafkaServerOptions) {
  const { folder, jars } = options;
  const data = join(folder, 'data');
  const settings = join(folder, 'server.properties');
  const port = options.port === 0 ? await freePort() : options.port;
  await mkdir(data, { recursive: true });
  await writeFile(join(folder, 'log4j2.properties'), LOGGING);
  const properties = { ...propertiesOf(data, port, await freePort()), ...options.properties };
  await writeFile(
    settings,
    Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const java = [
    ...['-cp', join(jars, '*')],
    `-Dlog4j2.configurationFile=${join(folder, 'log4j2.properties')}`,
    ...(options.jvm ?? []),
  ];
  const formatted = join(data, 'meta.properties');
  if (!existsSync(formatted)) {
    const id = randomBytes(16).toString('base64url');
    // With `=`: one id in 64 starts with `-`, and would be parsed as an option.
    const format = ['format', `--cluster-id=${id}`, '-c', settings, ...(options.format ?? [])];
    await run('java', [...java, 'kafka.tools.StorageTool', ...format], {
      timeout: FORMAT_TIMEOUT_MS,
    });
  }
  const [, clusterId] = /^cluster\.id=(.*)$/m.exec(await readFile(formatted, 'utf8')) ?? [];
  return { port, properties, settings, java, clusterId };
}

/** Errors and warnings only, so that the file stays small. */
const LOGGING = `rootLogger.level = WARN
rootLogger.appenderRef.file.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %m (%c)%n
`;

function logFileOf(folder: string): string {
  return join(folder, 'kafka.log');
}

const LOG_END_MAX = 4_000;

async function logEnd(folder: string): Promise<string> {
  return (await readFile(logFileOf(folder), 'utf8')).slice(-LOG_END_MAX);
}

function propertiesOf(data: string, port: number, controllerPort: number): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${HOST}:${controllerPort}`,
    listeners: `PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL',
    'log.dirs': data,
    // One node, so one replica.
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'offsets.topic.num.partitions': '5',
    // Services create topics, with the configured number of partitions.
    'auto.create.topics.enable': 'false',
    // After kill -9 the next start waits until the session of the dead broker ends: 17 s by
    // default.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '300',
    // The first consumer of a group does not wait for others.
    'group.initial.rebalance.delay.ms': '0',
  };
}

/** The port of the PLAINTEXT listener, which this process probes. */
function portOf(properties: Record<string, string>, port: number): number {
  return Number(/PLAINTEXT:\/\/[^:]*:(\d+)/.exec(properties.listeners ?? '')?.[1] ?? port);
}

/** The id of the cluster that answers there; null when none does. */
async function clusterAt(address: string): Promise<string | null> {
  const admin = new Admin({
    clientId: 'orderbell-start',
    bootstrapBrokers: [address],
    retries: 0,
    connectTimeout: ANSWER_TIMEOUT_MS,
    requestTimeout: ANSWER_TIMEOUT_MS,
  });
  try {
    const { id, brokers } = await admin.metadata({ topics: [] });
    return brokers.size > 0 ? id : null;
  } catch {
    return null;
  } finally {
    await admin.close();
  }
}
