import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { ConfigError } from '../config.ts';
import { createDatabase } from '../database.ts';
import type { Broker } from './broker.ts';
import { createEmbeddedBroker } from './embedded.ts';

// Of a process with one publisher and one subscription: the topic's append, the survey, the
// heartbeat and retention, and four of the drains, which run one per partition. Fewer would let
// a heartbeat wait behind drains; more would only wait for the same row locks.
const CONNECTIONS_MAX = 8;

/** Which broker a service uses. */
export const brokerSettings = {
  // Optional, since a process that does not use a broker need not name one.
  BROKER_DATABASE_URL: Type.Optional(
    Type.String({ description: 'PostgreSQL database of the embedded broker, a durable log.' }),
  ),
  TOPIC_PARTITIONS: Type.Integer({
    default: 6,
    minimum: 1,
    maximum: 1000,
    description: 'Partitions of a topic that is made on demand.',
  }),
};

const BrokerSettings = Type.Object(brokerSettings);

/**
 * The broker that the settings name.
 * @param applicationName shown in pg_stat_activity
 * @throws ConfigError when they name none
 */
export async function createBroker(
  config: Static<typeof BrokerSettings>,
  applicationName: string,
  log: Logger,
): Promise<Broker> {
  if (config.BROKER_DATABASE_URL === undefined) {
    throw new ConfigError(applicationName, ['BROKER_DATABASE_URL is not set: there is no broker.']);
  }
  const database = createDatabase({
    url: config.BROKER_DATABASE_URL,
    connectionsMax: CONNECTIONS_MAX,
    applicationName: `${applicationName}-broker`,
    log,
  });
  const broker = await createEmbeddedBroker({
    database,
    partitionsPerTopic: config.TOPIC_PARTITIONS,
    log,
  });
  return {
    publish: broker.publish,
    subscribe: broker.subscribe,
    lag: broker.lag,
    ends: broker.ends,
    async close() {
      await broker.close();
      await database.close();
    },
  };
}
