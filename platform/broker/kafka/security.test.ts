import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { generate } from 'selfsigned';
import {
  assertComplete,
  burst,
  collect,
  distinct,
  names,
  until,
} from '#harness/broker/contract-helpers.ts';
import { testLog } from '#harness/database.ts';
import { skipWithoutOwnKafka as skip, startOwnKafka } from '#harness/system/own-kafka.ts';
import { loadConfig } from '../../config/load-config.ts';
import { AppError } from '../../errors.ts';
import { BrokerSettings, createBroker } from '../create-broker.ts';
import type { IncomingMessage } from '../port/broker.ts';

const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule';

/** Lines of a properties file end where the text does: line breaks are written as `\n`. */
const line = (pem: string) => pem.trim().replaceAll(/\r?\n/g, '\\n');

/** A Kafka that asks its clients who they are, over TLS. */
async function startSecureKafka(t: TestContext) {
  const authority = await certificate({ cn: 'authority' });
  const server = await certificate({ cn: 'localhost', ca: authority });
  const client = await certificate({ cn: 'orderbell', ca: authority });
  const [plaintext, sasl, mutual, controller] = await freePorts(4);
  await startOwnKafka(t, {
    properties: {
      listeners: [
        `PLAINTEXT://127.0.0.1:${plaintext}`,
        `SASL_SSL://127.0.0.1:${sasl}`,
        `SSL://127.0.0.1:${mutual}`,
        `CONTROLLER://127.0.0.1:${controller}`,
      ].join(),
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      'listener.security.protocol.map':
        'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.key': line(server.private),
      'ssl.keystore.certificate.chain': line(server.cert),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.certificates': line(authority.cert),
      'listener.name.ssl.ssl.client.auth': 'required',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'listener.name.sasl_ssl.plain.sasl.jaas.config': `${PLAIN} required user_anna="plain secret";`,
      'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': `${SCRAM} required;`,
      'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `${SCRAM} required;`,
    },
    format: [256, 512].flatMap((bits) => [
      '--add-scram',
      `SCRAM-SHA-${bits}=[name=anna,password=secret ${bits}]`,
    ]),
  });
  return {
    settings: { KAFKA_TLS: 'true', KAFKA_TLS_CA: line(authority.cert) },
    client: { KAFKA_TLS_CERT: line(client.cert), KAFKA_TLS_KEY: line(client.private) },
    foreign: line((await certificate({ cn: 'authority' })).cert),
    sasl: `127.0.0.1:${sasl}`,
    mutual: `127.0.0.1:${mutual}`,
  };
}

async function certificate({ cn, ca }: { cn: string; ca?: { private: string; cert: string } }) {
  return generate([{ name: 'commonName', value: cn }], {
    algorithm: 'sha256',
    keyType: 'ec',
    ...(ca && { ca: { key: ca.private, cert: ca.cert } }),
    extensions: [
      { name: 'basicConstraints', cA: ca === undefined },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  return Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.once('listening', () => {
            const { port } = server.address() as { port: number };
            server.close(() => resolve(port));
          });
        }),
    ),
  );
}

test('TLS and SASL settings', { skip }, async (t) => {
  const kafka = await startSecureKafka(t);
  const open = async (one: TestContext, env: Record<string, string>) => {
    const config = loadConfig('test', BrokerSettings, { ...kafka.settings, ...env });
    const broker = await createBroker(config, 'test', testLog);
    one.after(() => broker.close());
    return broker;
  };
  const asAnna = (mechanism: string, password: string) => ({
    KAFKA_BROKERS: kafka.sasl,
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: 'anna',
    KAFKA_SASL_PASSWORD: password,
  });

  for (const [name, env] of [
    ['PLAIN', asAnna('PLAIN', 'plain secret')],
    ['SCRAM-SHA-256', asAnna('SCRAM-SHA-256', 'secret 256')],
    ['SCRAM-SHA-512', asAnna('SCRAM-SHA-512', 'secret 512')],
    ['a client certificate', { KAFKA_BROKERS: kafka.mutual, ...kafka.client }],
  ] as const) {
    await t.test(`${name}: messages go through`, async (one) => {
      const broker = await open(one, env);
      const { topic, group } = names();
      const received: IncomingMessage[] = [];
      await broker.subscribe(topic, group, collect(received));
      await broker.publish(topic, burst(50));
      await until('all arrived', () => distinct(received) === 50);
      assertComplete(received, 50);
    });
  }

  for (const [name, env] of [
    ['a wrong password', asAnna('SCRAM-SHA-512', 'secret 256')],
    ['a certificate of another authority', { KAFKA_TLS_CA: kafka.foreign }],
    ['no client certificate', { KAFKA_BROKERS: kafka.mutual }],
    ['no TLS', { KAFKA_TLS: 'false', KAFKA_TLS_CA: '' }],
  ] as const) {
    await t.test(`${name}: refused`, async (one) => {
      const broker = await open(one, { ...asAnna('PLAIN', 'plain secret'), ...env });
      await assert.rejects(broker.publish(names().topic, burst(1)), (error) => {
        return error instanceof AppError && error.problem.code === 'broker-unavailable';
      });
    });
  }
});
