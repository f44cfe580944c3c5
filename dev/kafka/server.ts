import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Admin } from '@platformatic/kafka';

const run = promisify(execFile);

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;
const START_POLL_MS = 100;
const ANSWER_TIMEOUT_MS = 2_000;
const STOP_TIMEOUT_MS = 20_000;
const FORMAT_TIMEOUT_MS = 60_000;
// 370 MB in all. The first compiler only and one collector thread: on a small machine they leave
// the processors to what is tested.
const JVM = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface KafkaServerOptions {
  /** Folder of the data, the settings and the log; made if missing. */
  folder: string;
  /** Folder of the jars (`ensureKafkaJars`). */
  jars: string;
  /** 0 takes any free one. */
  port: number;
  /** Server properties that differ. */
  properties?: Record<string, string>;
  /** Arguments for the first formatting, such as `--add-scram`. */
  format?: string[];
}

/** A Kafka of one node on this machine, broker and controller in one (KRaft). */
export interface KafkaServer {
  /** `127.0.0.1:port`; the same until the end. */
  address: string;
  /** Folder of the data, the settings and the log. */
  folder: string;
  /** Sends a signal to this very process. */
  signal(signal: NodeJS.Signals): void;
  /** Resolves once the process is gone. */
  exited(): Promise<void>;
  /** Starts it again on the same data and port, and waits until it answers. */
  restart(): Promise<void>;
  /** Stops it in order. */
  stop(): Promise<void>;
}

/**
 * Starts Apache Kafka and waits until it answers.
 * @throws Error with the end of its log when it does not start
 */
export async function startKafkaServer(options: KafkaServerOptions): Promise<KafkaServer> {
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
  ];
  if (!(await isFormatted(data))) {
    const id = randomBytes(16).toString('base64url');
    // With `=`: one id in 64 begins with `-` and would be taken for an option.
    const format = ['format', `--cluster-id=${id}`, '-c', settings, ...(options.format ?? [])];
    await run('java', [...java, 'kafka.tools.StorageTool', ...format], {
      timeout: FORMAT_TIMEOUT_MS,
    });
  }
  let child = await spawnServer();
  // Whatever ends us: nobody else would stop it.
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
    const end = performance.now() + START_TIMEOUT_MS;
    while (!(await answers(`${HOST}:${portOf(properties, port)}`))) {
      const dead = child.exitCode !== null || child.signalCode !== null;
      if (dead || performance.now() > end) {
        child.kill('SIGKILL');
        throw new Error(`Kafka did not start:\n${await logEnd(folder)}`);
      }
      await wait(START_POLL_MS);
    }
  }

  async function exited(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  return {
    address: `${HOST}:${port}`,
    folder,
    signal: (signal) => {
      child.kill(signal);
    },
    exited,
    async restart() {
      await exited();
      child = await spawnServer();
      await untilReady();
    },
    async stop() {
      child.kill('SIGTERM');
      // One that was stopped by SIGSTOP hears nothing else.
      child.kill('SIGCONT');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited();
      clearTimeout(late);
      process.off('exit', killLast);
    },
  };
}

/** Errors and warnings only: the file stays small for days. */
const LOGGING = `rootLogger.level = WARN
rootLogger.appenderRef.file.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %m (%c)%n
`;

export function logFileOf(folder: string): string {
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
    // Of one node there is only one copy.
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'offsets.topic.num.partitions': '5',
    // Whoever wants a topic makes it, with the partitions that it is set to.
    'auto.create.topics.enable': 'false',
    // After kill -9 the next start waits until the session of the dead one has ended: 17 s by default.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '300',
    // The first consumer of a group need not wait for others that may come.
    'group.initial.rebalance.delay.ms': '0',
  };
}

/** The port of PLAINTEXT, which stays open beside others: this process looks at it. */
function portOf(properties: Record<string, string>, port: number): number {
  return Number(/PLAINTEXT:\/\/[^:]*:(\d+)/.exec(properties.listeners ?? '')?.[1] ?? port);
}

async function isFormatted(data: string): Promise<boolean> {
  return access(join(data, 'meta.properties')).then(
    () => true,
    () => false,
  );
}

async function answers(address: string): Promise<boolean> {
  const admin = new Admin({
    clientId: 'orderbell-start',
    bootstrapBrokers: [address],
    retries: 0,
    connectTimeout: ANSWER_TIMEOUT_MS,
    requestTimeout: ANSWER_TIMEOUT_MS,
  });
  try {
    return (await admin.metadata({ topics: [] })).brokers.size > 0;
  } catch {
    return false;
  } finally {
    await admin.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
