import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { createDatabase } from '../database.ts';
import type { Broker } from './broker.ts';
import { createEmbeddedBroker } from './embedded.ts';
import { createKafkaBroker } from './kafka.ts';
import type { KafkaConnection } from './kafka-client.ts';

// Of a process with one publisher and one subscription: the topic's append, the survey, the
// heartbeat and retention, and four of the drains, which run one per partition. Fewer would let
// a heartbeat wait behind drains; more would only wait for the same row locks.
const CONNECTIONS_MAX = 8;

const pem = (description: string) => Type.Optional(Type.String({ description }));

/** Which broker a service uses. */
export const brokerSettings = {
  BROKER_DATABASE_URL: Type.Optional(
    Type.String({
      description:
        'PostgreSQL database of the embedded broker, a durable log; not used when KAFKA_BROKERS is set.',
    }),
  ),
  TOPIC_PARTITIONS: Type.Integer({
    default: 6,
    minimum: 1,
    maximum: 1000,
    description: 'Partitions of a topic that is made on demand.',
  }),
  KAFKA_BROKERS: Type.Optional(
    Type.Array(Type.String(), {
      description: 'Brokers of an Apache Kafka cluster to start from, host:port, comma-separated.',
    }),
  ),
  KAFKA_PREFIX: Type.String({
    default: '',
    pattern: '^[a-zA-Z0-9._-]{0,100}$',
    description:
      'Put before the names of topic and consumer group, for a cluster that several systems share.',
  }),
  KAFKA_TLS: Type.Boolean({ default: false, description: 'Whether Kafka is spoken to over TLS.' }),
  KAFKA_TLS_CA: pem(
    "Certificates (PEM) that Kafka's own must come from; those that Node knows when absent.",
  ),
  KAFKA_TLS_CERT: pem('Certificate (PEM) of this service, where Kafka asks for one.'),
  KAFKA_TLS_KEY: pem('Private key (PEM) of KAFKA_TLS_CERT.'),
  KAFKA_SASL_MECHANISM: Type.Optional(
    Type.String({
      pattern: '^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$',
      description: 'How this service proves who it is: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.',
    }),
  ),
  KAFKA_SASL_USERNAME: Type.Optional(
    Type.String({ description: 'Name for KAFKA_SASL_MECHANISM.' }),
  ),
  KAFKA_SASL_PASSWORD: Type.Optional(
    Type.String({ description: 'Password for KAFKA_SASL_MECHANISM.' }),
  ),
};

export const BrokerSettings = Type.Object(brokerSettings);
export type BrokerSettings = Static<typeof BrokerSettings>;

/**
 * The broker that the settings name.
 * @param applicationName shown in pg_stat_activity, and in Kafka's logs
 */
export async function createBroker(
  config: BrokerSettings,
  applicationName: string,
  log: Logger,
): Promise<Broker> {
  const { KAFKA_BROKERS: brokers, TOPIC_PARTITIONS: partitionsPerTopic } = config;
  if (brokers !== undefined) {
    const connection = kafkaConnection(config, brokers, applicationName);
    const broker = createKafkaBroker({ connection, partitionsPerTopic, log });
    return config.KAFKA_PREFIX === '' ? broker : prefixed(broker, config.KAFKA_PREFIX);
  }
  const url = config.BROKER_DATABASE_URL;
  if (url === undefined) throw new Error('neither KAFKA_BROKERS nor BROKER_DATABASE_URL is set');
  const database = createDatabase({
    url,
    connectionsMax: CONNECTIONS_MAX,
    applicationName: `${applicationName}-broker`,
    log,
  });
  const broker = await createEmbeddedBroker({ database, partitionsPerTopic, log });
  return {
    ...broker,
    async close() {
      await broker.close();
      await database.close();
    },
  };
}

function kafkaConnection(
  config: BrokerSettings,
  brokers: string[],
  clientId: string,
): KafkaConnection {
  const { KAFKA_SASL_MECHANISM: mechanism } = config;
  const { KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = config;
  const ca = pemOf(config.KAFKA_TLS_CA);
  const cert = pemOf(config.KAFKA_TLS_CERT);
  const key = pemOf(config.KAFKA_TLS_KEY);
  return {
    brokers,
    clientId,
    ...(config.KAFKA_TLS && { tls: { ...(ca && { ca }), ...(cert && key && { cert, key }) } }),
    ...(mechanism !== undefined && {
      sasl: { mechanism, username, password } as NonNullable<KafkaConnection['sasl']>,
    }),
  };
}

/** Environment files cannot hold line breaks: they are written as `\n` there. */
function pemOf(text: string | undefined): string | undefined {
  return text?.replaceAll('\\n', '\n');
}

/** The same broker with other names on the outside; callers and messages keep theirs. */
function prefixed(broker: Broker, prefix: string): Broker {
  return {
    publish: (topic, messages) => broker.publish(prefix + topic, messages),
    subscribe: (topic, group, handler) =>
      broker.subscribe(prefix + topic, prefix + group, (messages) =>
        handler(messages.map((message) => ({ ...message, topic }))),
      ),
    lag: (topic, group) => broker.lag(prefix + topic, prefix + group),
    ends: (topic) => broker.ends(prefix + topic),
    close: () => broker.close(),
  };
}
