import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const STOP_TIMEOUT_MS = 15_000;
const LOG_END_MAX = 4_000;
// The process stays when its only task ends by an error.
const FAILED = /Task is being killed|Failed to create connector|Stopping after connector error/;
// Like the broker's: the processors are for the code under test.
const JVM = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export type Connect = Awaited<ReturnType<typeof startConnect>>;

/**
 * Starts Kafka Connect with one connector and does not wait until it works.
 * @param options.jars folder of `ensureKafkaJars(home, 'debezium')`
 * @param options.folder of its settings and positions; a later start with this folder resumes from them
 * @param options.connector as `POST /connectors` takes it
 */
export async function startConnect(options: {
  jars: string;
  folder: string;
  kafka: string;
  connector: object;
}) {
  const { jars, folder, kafka, connector } = options;
  const file = (name: string) => join(folder, name);
  await writeFile(file('log4j2.properties'), LOGGING);
  await writeFile(file('connector.json'), JSON.stringify(connector));
  const settings = {
    'bootstrap.servers': kafka,
    'offset.storage.file.filename': file('offsets'),
    'offset.flush.interval.ms': '500',
    listeners: 'http://127.0.0.1:0',
    // A worker requires default converters; the connector sets its own.
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'plugin.discovery': 'service_load',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file('worker.properties'), lines.join(''));

  const log = await open(file('connect.log'), 'w');
  const child = spawn(
    'java',
    [
      ...JVM,
      ...['-cp', join(jars, '*'), `-Dlog4j2.configurationFile=${file('log4j2.properties')}`],
      'org.apache.kafka.connect.cli.ConnectStandalone',
      ...[file('worker.properties'), file('connector.json')],
    ],
    { stdio: ['ignore', log.fd, log.fd] },
  );
  await once(child, 'spawn');
  await log.close();
  // It would survive this process otherwise.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const logged = () => readFile(file('connect.log'), 'utf8');
  const runs = () => child.exitCode === null && child.signalCode === null;
  return {
    /** False once the process is gone, or its connector has failed for good. */
    works: async () => runs() && !FAILED.test(await logged()),
    /** The end of what it logged: warnings and errors. */
    logEnd: async () => (await logged()).slice(-LOG_END_MAX),
    /** Shuts it down gracefully: it acknowledges the rows that it has read and keeps its position. */
    async stop(): Promise<void> {
      if (runs()) {
        const late = setTimeout(kill, STOP_TIMEOUT_MS);
        child.kill('SIGTERM');
        await once(child, 'exit');
        clearTimeout(late);
      }
      process.removeListener('exit', kill);
    },
  };
}

const LOGGING = `rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %m (%c)%n%throwable
`;
