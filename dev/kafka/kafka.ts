import { join } from 'node:path';
import { Type } from 'typebox';
import { ConfigError, loadConfig } from '#platform/config/load-config.ts';
import { describeError } from '#platform/errors.ts';
import { stopOnSignal } from '#platform/service/run.ts';
import { print, printError } from '#platform/telemetry/print.ts';
import { commandFor, dataFolder } from '#platform/values/program.ts';
import { PRIVATE_UMASK } from '../files/private-folder.ts';
import { ensureKafkaJars, KafkaUnavailableError } from './jars.ts';
import { startKafkaServer } from './server.ts';

// `npm run kafka`: a real Apache Kafka without Docker, for trying out the production set-up.

export const KafkaStartSettings = Type.Object({
  KAFKA_PORT: Type.Integer({
    default: 9092,
    minimum: 0,
    maximum: 65_535,
    description: 'Port of `npm run kafka`; 0 takes any free one.',
  }),
});

async function start(): Promise<void> {
  const { KAFKA_PORT: port } = loadConfig(commandFor('kafka'), KafkaStartSettings, process.env);
  const home = dataFolder();
  process.umask(PRIVATE_UMASK);
  const jars = await ensureKafkaJars(home);
  const folder = join(home, 'kafka', 'server');
  const server = await startKafkaServer({ folder, jars, port });
  stopOnSignal(() => server.stop(), print);
  print(`
Apache Kafka is ready on ${server.address}. Ctrl-C stops it; its data stay in ${folder}.

  KAFKA_BROKERS=${server.address} ${commandFor('start')}
`);
}

if (import.meta.main) {
  try {
    await start();
  } catch (error) {
    const expected = error instanceof KafkaUnavailableError || error instanceof ConfigError;
    printError(expected ? error.message : `Kafka cannot start: ${describeError(error)}`);
    process.exitCode = 1;
  }
}
