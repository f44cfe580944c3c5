import type { Logger } from 'pino';
import { type Static, type TObject, Type } from 'typebox';
import { type SettingsRule, settingsSchema } from '../config/load-config.ts';
import { pemOf } from '../config/setting-formats.ts';
import { databaseSettings, openDatabase } from '../postgres/service-database.ts';
import { BROKER_DATABASE, createEmbeddedBroker } from './embedded/embedded.ts';
import type { KafkaConnection } from './kafka/client.ts';
import type { Login } from './kafka/login.ts';
import type { Broker } from './port/broker.ts';

const certificates = (description: string) =>
  Type.Optional(Type.String({ format: 'certificates', description }));

export const brokerSettings = {
  ...databaseSettings(BROKER_DATABASE),
  BROKER_DATABASE_URL: Type.Optional(
    Type.String({
      format: 'postgres-url',
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
    Type.Array(Type.String({ format: 'host-and-port' }), {
      description: 'Brokers of an Apache Kafka cluster to start from, host:port, comma-separated.',
    }),
  ),
  KAFKA_PREFIX: Type.String({
    default: '',
    pattern: '^[a-zA-Z0-9._-]{0,100}$',
    description:
      'Put before the names of topic and consumer group, for a cluster that several systems share.',
  }),
  KAFKA_TLS: Type.Boolean({ default: false, description: 'Whether connections to Kafka use TLS.' }),
  KAFKA_TLS_CA: certificates(
    'Authorities (PEM) that are trusted for Kafka; those that Node knows when absent.',
  ),
  KAFKA_TLS_CERT: certificates('Certificate (PEM) of this service, where Kafka asks for one.'),
  KAFKA_TLS_KEY: Type.Optional(
    Type.String({ format: 'private-key', description: 'Private key (PEM) of KAFKA_TLS_CERT.' }),
  ),
  KAFKA_SASL_MECHANISM: Type.Optional(
    Type.String({
      pattern: '^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512|OAUTHBEARER)$',
      description:
        'How this service proves its identity: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER.',
    }),
  ),
  KAFKA_SASL_USERNAME: Type.Optional(
    Type.String({ pattern: '^\\S{1,255}$', description: 'User name for PLAIN and SCRAM.' }),
  ),
  KAFKA_SASL_PASSWORD: Type.Optional(Type.String({ description: 'Password for PLAIN and SCRAM.' })),
  KAFKA_OAUTH_TOKEN_URL: Type.Optional(
    Type.String({
      format: 'token-url',
      description: 'Token endpoint of the issuer, for OAUTHBEARER (client credentials grant).',
    }),
  ),
  KAFKA_OAUTH_CLIENT_ID: Type.Optional(
    Type.String({ pattern: '^\\S{1,255}$', description: 'Client id at KAFKA_OAUTH_TOKEN_URL.' }),
  ),
  KAFKA_OAUTH_CLIENT_SECRET: Type.Optional(
    Type.String({ description: 'Secret of KAFKA_OAUTH_CLIENT_ID.' }),
  ),
  KAFKA_OAUTH_SCOPE: Type.Optional(
    Type.String({
      pattern: '^[\\w:./~+*-]+( [\\w:./~+*-]+)*$',
      description: 'Scopes to ask for, separated by a space, where the issuer wants them.',
    }),
  ),
};

const OAUTH = [
  'KAFKA_OAUTH_TOKEN_URL',
  'KAFKA_OAUTH_CLIENT_ID',
  'KAFKA_OAUTH_CLIENT_SECRET',
] satisfies (keyof typeof brokerSettings)[];
const PASSWORD = [
  'KAFKA_SASL_USERNAME',
  'KAFKA_SASL_PASSWORD',
] satisfies (keyof typeof brokerSettings)[];

/** Rules between these settings, for a process that uses a broker. */
export const brokerRule: SettingsRule<Static<TObject<typeof brokerSettings>>> = (config, isSet) => {
  const problems: string[] = [];
  if (!isSet('KAFKA_BROKERS') && !isSet('BROKER_DATABASE_URL')) {
    problems.push('BROKER_DATABASE_URL is not set, and KAFKA_BROKERS neither: there is no broker');
  }
  for (const name of ['KAFKA_TLS_CA', 'KAFKA_TLS_CERT', 'KAFKA_TLS_KEY'] as const) {
    if (isSet(name) && config.KAFKA_TLS === false) {
      problems.push(`${name} is set, and KAFKA_TLS is not true: nothing would be encrypted`);
    }
  }
  const together: (keyof typeof brokerSettings)[][] = [['KAFKA_TLS_CERT', 'KAFKA_TLS_KEY']];
  const { KAFKA_SASL_MECHANISM: mechanism } = config;
  // Of an invalid mechanism it is not known what belongs to it.
  if (mechanism !== undefined || !isSet('KAFKA_SASL_MECHANISM')) {
    const oauth = mechanism === 'OAUTHBEARER';
    together.push(['KAFKA_SASL_MECHANISM', ...(oauth ? OAUTH : PASSWORD)]);
    const unused = oauth ? PASSWORD : [...OAUTH, 'KAFKA_OAUTH_SCOPE' as const];
    for (const name of unused.filter(isSet)) {
      problems.push(`${name} is set, and KAFKA_SASL_MECHANISM is ${mechanism ?? 'not set'}`);
    }
  }
  for (const names of together) {
    if (!names.some(isSet)) continue;
    const missing = names.filter((name) => !isSet(name));
    const given = names.filter(isSet);
    const verb = given.length === 1 ? 'is' : 'are';
    problems.push(
      ...missing.map((name) => `${name} is not set, although ${given.join(' and ')} ${verb}`),
    );
  }
  return problems;
};

export const BrokerSettings = settingsSchema(brokerSettings, brokerRule);
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
    // Loaded only where it is used: it needs as much memory as the rest of a service.
    const { createKafkaBroker } = await import('./kafka/kafka.ts');
    const { createLogin } = await import('./kafka/login.ts');
    const login = loginOf(config);
    const connection: KafkaConnection = {
      brokers,
      clientId: applicationName,
      ...tlsOf(config),
      ...(login !== null && (await createLogin(login))),
    };
    const broker = createKafkaBroker({ connection, partitionsPerTopic, log });
    return config.KAFKA_PREFIX === '' ? broker : prefixed(broker, config.KAFKA_PREFIX);
  }
  // `brokerRule` ensures that one of the two is set.
  const database = await openDatabase(BROKER_DATABASE, config, {
    log,
    applicationName: `${applicationName}-broker`,
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

function tlsOf(config: BrokerSettings): Pick<KafkaConnection, 'tls'> {
  if (!config.KAFKA_TLS) return {};
  const ca = config.KAFKA_TLS_CA && pemOf(config.KAFKA_TLS_CA);
  const cert = config.KAFKA_TLS_CERT && pemOf(config.KAFKA_TLS_CERT);
  const key = config.KAFKA_TLS_KEY && pemOf(config.KAFKA_TLS_KEY);
  return { tls: { ...(ca && { ca }), ...(cert && key && { cert, key }) } };
}

/** `brokerRule` ensures that a mechanism has its settings. */
function loginOf(config: BrokerSettings): Login | null {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_OAUTH_SCOPE: scope } = config;
  if (mechanism === undefined) return null;
  if (mechanism !== 'OAUTHBEARER') {
    const { KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = config;
    return { mechanism, username, password } as Login;
  }
  const client = {
    tokenUrl: config.KAFKA_OAUTH_TOKEN_URL as string,
    clientId: config.KAFKA_OAUTH_CLIENT_ID as string,
    clientSecret: config.KAFKA_OAUTH_CLIENT_SECRET as string,
    ...(scope !== undefined && { scope }),
  };
  return { mechanism, client };
}

/** Adds a prefix to topics and groups on the broker; callers see the names without it. */
function prefixed(broker: Broker, prefix: string): Broker {
  return {
    publish: (topic, messages) => broker.publish(prefix + topic, messages),
    subscribe: (topic, group, handler) =>
      broker.subscribe(prefix + topic, prefix + group, (messages) =>
        handler(messages.map((message) => ({ ...message, topic }))),
      ),
    lag: (topic, group) => broker.lag(prefix + topic, prefix + group),
    endOffsets: (topic) => broker.endOffsets(prefix + topic),
    close: () => broker.close(),
  };
}
