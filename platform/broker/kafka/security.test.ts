import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  AclOperations,
  AclPermissionTypes,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka';
import { Provider } from 'oidc-provider';
import { pino } from 'pino';
import {
  assertComplete,
  burst,
  collect,
  distinct,
  names,
  until,
} from '#harness/broker/contract-helpers.ts';
import { publishSurely } from '#harness/broker/embedded-broker.ts';
import { createCertificate } from '#harness/certificate.ts';
import { skipWithoutOwnKafka as skip } from '#harness/system/own-kafka.ts';
import { inOneLine, startSecureKafka } from '#harness/system/secure-kafka.ts';
import { loadConfig } from '../../config/load-config.ts';
import { AppError, describeError, needsOperator } from '../../errors.ts';
import { BrokerSettings, createBroker } from '../create-broker.ts';
import type { IncomingMessage } from '../port/broker.ts';

const AUDIENCE = 'kafka';
const CLIENT = 'orders-service';
const SECRET = 'client secret: with & and %';
// So short that logins are renewed while the test publishes.
const TOKEN_LIFETIME_S = 4;

/** An OpenID Connect issuer whose client gets tokens for Kafka. */
async function startIssuer(t: TestContext) {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(url, {
    clients: [
      {
        client_id: CLIENT,
        client_secret: SECRET,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'https://kafka.example.com',
        getResourceServerInfo: () => ({
          scope: 'events',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: TOKEN_LIFETIME_S,
        }),
      },
    },
  });
  const issued = { count: 0 };
  provider.on('client_credentials.saved', () => issued.count++);
  provider.on('client_credentials.issued', () => issued.count++);
  server.on('request', provider.callback());
  return { url, audience: AUDIENCE, client: CLIENT, issued };
}

interface Line {
  level: number;
  msg: string;
}

test('TLS, SASL and ACLs', { skip }, async (t) => {
  const issuer = await startIssuer(t);
  const kafka = await startSecureKafka(t, issuer);
  const open = async (one: TestContext, env: Record<string, string>) => {
    const lines: Line[] = [];
    const log = pino(
      { level: 'info' },
      { write: (line: string) => void lines.push(JSON.parse(line)) },
    );
    const config = loadConfig('test', BrokerSettings, { ...kafka.settings, ...env });
    const broker = await createBroker(config, 'test', log);
    one.after(() => broker.close());
    return { broker, lines };
  };
  const as = (user: string, mechanism: string, password: string) => ({
    KAFKA_BROKERS: kafka.sasl,
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD: password,
  });
  const anna = as('anna', 'PLAIN', 'plain secret');
  const oauth = {
    KAFKA_BROKERS: kafka.sasl,
    KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
    KAFKA_OAUTH_TOKEN_URL: `${issuer.url}/token`,
    KAFKA_OAUTH_CLIENT_ID: CLIENT,
    KAFKA_OAUTH_CLIENT_SECRET: SECRET,
    KAFKA_OAUTH_SCOPE: 'events',
  };
  const noLogin = { KAFKA_SASL_MECHANISM: '', KAFKA_SASL_USERNAME: '', KAFKA_SASL_PASSWORD: '' };
  const noTls = { KAFKA_TLS: 'false', KAFKA_TLS_CA: '' };

  for (const [name, env] of [
    ['PLAIN', anna],
    ['SCRAM-SHA-256', as('anna', 'SCRAM-SHA-256', 'secret 256')],
    ['SCRAM-SHA-512', as('anna', 'SCRAM-SHA-512', 'secret 512')],
    ['OAUTHBEARER', oauth],
    ['a client certificate', { KAFKA_BROKERS: kafka.mutual, ...kafka.client }],
  ] as const) {
    await t.test(`${name}: messages go through`, async (one) => {
      const { broker } = await open(one, env);
      const { topic, group } = names();
      const received: IncomingMessage[] = [];
      await broker.subscribe(topic, group, collect(received));
      await broker.publish(topic, burst(50));
      await until('all arrived', () => distinct(received) === 50);
      assertComplete(received, 50);
    });
  }

  await t.test('OAUTHBEARER: a token is renewed before it expires', async (one) => {
    const { broker, lines } = await open(one, oauth);
    const { topic, group } = names();
    const received: IncomingMessage[] = [];
    await broker.subscribe(topic, group, collect(received));
    const before = issuer.issued.count;
    let count = 0;
    while (issuer.issued.count < before + 3) {
      await publishSurely(broker, topic, burst(5, 5, count));
      count += 5;
    }
    await until('all arrived', () => distinct(received) === count);
    assertComplete(received, count);
    assert.deepEqual(
      lines.filter(({ level }) => level >= 50),
      [],
    );
  });

  const foreign = inOneLine((await createCertificate('127.0.0.1', { name: 'authority' })).cert);
  for (const [name, env, cause] of [
    [
      'a wrong password',
      as('anna', 'SCRAM-SHA-512', 'secret 256'),
      /Kafka does not let user anna in \(SASL_AUTHENTICATION_FAILED: .*invalid credentials.*check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/,
    ],
    [
      'a mechanism that the listener does not have',
      { ...as('anna', 'SCRAM-SHA-256', 'secret 256'), ...noTls, KAFKA_BROKERS: kafka.unencrypted },
      /Kafka does not offer KAFKA_SASL_MECHANISM SCRAM-SHA-256 \(UNSUPPORTED_SASL_MECHANISM\); it offers PLAIN$/,
    ],
    [
      'a certificate of another authority',
      { ...anna, KAFKA_TLS_CA: foreign },
      /the certificate of broker 127\.0\.0\.1:\d+ does not come from KAFKA_TLS_CA \(\w+\)/,
    ],
    [
      'a host name that is not in the certificate',
      { ...anna, KAFKA_BROKERS: kafka.misnamed },
      /the certificate of broker localhost:\d+ is for other host names \(ERR_TLS_CERT_ALTNAME_INVALID: /,
    ],
    [
      'no client certificate',
      { KAFKA_BROKERS: kafka.mutual },
      /broker .* \(ERR_SSL_\S*CERTIFICATE\S*\); check KAFKA_TLS_CERT and KAFKA_TLS_KEY/,
    ],
    [
      'no TLS on a port of TLS',
      { KAFKA_BROKERS: kafka.mutual, ...noTls },
      /broker 127\.0\.0\.1:\d+ expects TLS: set KAFKA_TLS=true/,
    ],
    [
      'no TLS on a port of TLS, with a login',
      { ...anna, ...noTls },
      /the broker closed the connection; if this repeats, its listener may expect KAFKA_TLS=true/,
    ],
    [
      'TLS on a port without it',
      { ...anna, KAFKA_BROKERS: kafka.unencrypted },
      /broker 127\.0\.0\.1:\d+ does not answer with TLS: unset KAFKA_TLS/,
    ],
    [
      'a login that the listener does not ask for',
      { ...anna, ...noTls, KAFKA_BROKERS: kafka.plaintext },
      /broker 127\.0\.0\.1:\d+ refuses the login; .* its listener asks for none: unset KAFKA_SASL/,
    ],
    [
      'no login on a listener that asks for one',
      { ...anna, ...noLogin },
      /the broker closed the connection; .* its listener may expect KAFKA_TLS_CERT or KAFKA_SASL_MECHANISM/,
    ],
    [
      'a wrong client secret',
      { ...oauth, KAFKA_OAUTH_CLIENT_SECRET: 'wrong' },
      /KAFKA_OAUTH_TOKEN_URL http:\S+ refuses client orders-service a token \(401 invalid_client/,
    ],
    [
      'a token endpoint that nobody serves',
      { ...oauth, KAFKA_OAUTH_TOKEN_URL: 'http://127.0.0.1:2/token' },
      /KAFKA_OAUTH_TOKEN_URL http:\/\/127\.0\.0\.1:2\/token gives no token: .*ECONNREFUSED 127/,
    ],
    [
      'no broker',
      { ...anna, KAFKA_BROKERS: '127.0.0.1:1,127.0.0.1:2' },
      /Cannot connect to any broker: .*ECONNREFUSED 127\.0\.0\.1:1, .*ECONNREFUSED 127\.0\.0\.1:2/,
    ],
  ] as const) {
    await t.test(`${name} is named`, async (one) => {
      const { broker, lines } = await open(one, env);
      const { topic, group } = names();
      await assert.rejects(broker.publish(topic, burst(1)), (error) => {
        assert.ok(error instanceof AppError && error.problem.code === 'broker-unavailable');
        assert.match(describeError(error), cause);
        return true;
      });
      await broker.subscribe(topic, group, async () => {});
      await until('the log names it', () => lines.some(({ msg }) => cause.test(msg)));
      assert.doesNotMatch(JSON.stringify(lines), /plain secret|secret 256|client secret/);
    });
  }

  await t.test('missing rights are named, and work goes on once they are granted', async (one) => {
    const { broker, lines } = await open(one, as('boris', 'PLAIN', 'boris secret'));
    const { topic, group } = names();
    await kafka.administer((admin) => admin.createTopics({ topics: [topic], partitions: 1 }));
    const grant = (type: 'TOPIC' | 'GROUP', resourceName: string, operation: 'READ' | 'WRITE') =>
      kafka.administer((admin) =>
        admin.createAcls({
          creations: [
            {
              resourceType: ResourceTypes[type],
              resourceName,
              resourcePatternType: ResourcePatternTypes.LITERAL,
              principal: 'User:boris',
              host: '*',
              operation: AclOperations[operation],
              permissionType: AclPermissionTypes.ALLOW,
            },
          ],
        }),
      );
    const logged = async (right: string, id: string) => {
      const text = `Kafka refuses user boris the right ${right} (${id})`;
      const about = () => lines.filter(({ msg }) => msg.includes(text));
      await until(text, () => about().length > 0);
      assert.ok(about().every(({ level }) => level === 50));
      return about;
    };
    const publish = (right: string) =>
      assert.rejects(broker.publish(topic, burst(1)), (error) => {
        assert.ok(describeError(error).includes(`user boris the right ${right}`));
        return needsOperator(error);
      });

    const received: IncomingMessage[] = [];
    await broker.subscribe(topic, group, collect(received));
    await publish(`Describe on topic ${topic}`);
    await logged(`Describe on topic ${topic}`, 'TOPIC_AUTHORIZATION_FAILED');
    await grant('TOPIC', topic, 'WRITE');
    const joining = await logged(`Read on group ${group}`, 'GROUP_AUTHORIZATION_FAILED');
    await publishSurely(broker, topic, burst(20));
    await grant('GROUP', group, 'READ');
    const reading = await logged(`Read on topic ${topic}`, 'TOPIC_AUTHORIZATION_FAILED');
    await grant('TOPIC', topic, 'READ');
    await until('all arrived', () => distinct(received) === 20);
    for (const about of [joining, reading]) {
      const texts = about().map(({ msg }) => msg);
      assert.equal(new Set(texts).size, texts.length, 'one line a minute');
    }
  });
});
