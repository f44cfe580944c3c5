import type { TestContext } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { freePort } from '#dev/files/free-port.ts';
import { type Certificate, createCertificate } from '../certificate.ts';
import { startOwnKafka } from './own-kafka.ts';

const SECURITY = 'org.apache.kafka.common.security';
const OAUTH = `${SECURITY}.oauthbearer`;

/** Settings take a text in one line: line breaks are written as `\n`, as in properties files. */
export const inOneLine = (pem: string) => pem.trim().replaceAll(/\r?\n/g, '\\n');

/** The issuer of the tokens: its keys are at `/jwks`, and its client may do everything. */
interface TokenIssuer {
  url: string;
  audience: string;
  client: string;
}

/**
 * A Kafka with ACLs that asks its clients for a login: by TLS with PLAIN, SCRAM or a token, or by a
 * client certificate. Anna may do everything, as may the certificate and the listener without a
 * login; boris has the rights that a test grants.
 */
export async function startSecureKafka(t: TestContext, issuer: TokenIssuer) {
  const authority = await createCertificate('127.0.0.1', { name: 'authority' });
  const server = await createCertificate('127.0.0.1', { name: 'kafka', ca: authority });
  const client = await createCertificate('127.0.0.1', { name: 'orderbell', ca: authority });
  const ports = Array.from({ length: 5 }, freePort);
  const [plaintext, sasl, unencrypted, mutual, controller] = await Promise.all(ports);
  await startOwnKafka(t, {
    jvm: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${issuer.url}/jwks`],
    properties: {
      listeners: [
        `PLAINTEXT://127.0.0.1:${plaintext}`,
        `SASL_SSL://127.0.0.1:${sasl}`,
        `SASL_PLAINTEXT://127.0.0.1:${unencrypted}`,
        `SSL://127.0.0.1:${mutual}`,
        `CONTROLLER://127.0.0.1:${controller}`,
      ].join(),
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      'listener.security.protocol.map':
        'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL',
      ...tlsProperties(server, authority),
      ...loginProperties(issuer),
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': `User:ANONYMOUS;User:anna;User:CN=orderbell;User:${issuer.client}`,
    },
    format: [256, 512].flatMap((bits) => [
      '--add-scram',
      `SCRAM-SHA-${bits}=[name=anna,password=secret ${bits}]`,
    ]),
  });
  return {
    settings: { KAFKA_TLS: 'true', KAFKA_TLS_CA: inOneLine(authority.cert) },
    client: { KAFKA_TLS_CERT: inOneLine(client.cert), KAFKA_TLS_KEY: inOneLine(client.private) },
    plaintext: `127.0.0.1:${plaintext}`,
    sasl: `127.0.0.1:${sasl}`,
    /** Without TLS, with a login by PLAIN only. */
    unencrypted: `127.0.0.1:${unencrypted}`,
    /** The same listener by a name that is not in its certificate. */
    misnamed: `localhost:${sasl}`,
    mutual: `127.0.0.1:${mutual}`,
    /** Does what an administrator does, by the listener without a login. */
    async administer(work: (admin: Admin) => Promise<unknown>): Promise<void> {
      const bootstrapBrokers = [`127.0.0.1:${plaintext}`];
      const admin = new Admin({ clientId: 'administrator', bootstrapBrokers });
      await work(admin).finally(() => admin.close());
    },
  };
}

function tlsProperties(server: Certificate, authority: Certificate): Record<string, string> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.key': inOneLine(server.private),
    'ssl.keystore.certificate.chain': inOneLine(server.cert),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': inOneLine(authority.cert),
    'listener.name.ssl.ssl.client.auth': 'required',
  };
}

function loginProperties({ url, audience }: TokenIssuer) {
  const scram = `${SECURITY}.scram.ScramLoginModule required;`;
  const plain = `${SECURITY}.plain.PlainLoginModule required`;
  const of = (mechanism: string) => `listener.name.sasl_ssl.${mechanism}.sasl`;
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'listener.name.sasl_plaintext.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${plain} user_anna="plain secret";`,
    [`${of('plain')}.jaas.config`]: `${plain} user_anna="plain secret" user_boris="boris secret";`,
    [`${of('scram-sha-256')}.jaas.config`]: scram,
    [`${of('scram-sha-512')}.jaas.config`]: scram,
    [`${of('oauthbearer')}.jaas.config`]: `${OAUTH}.OAuthBearerLoginModule required;`,
    [`${of('oauthbearer')}.server.callback.handler.class`]: `${OAUTH}.OAuthBearerValidatorCallbackHandler`,
    [`${of('oauthbearer')}.oauthbearer.jwks.endpoint.url`]: `${url}/jwks`,
    [`${of('oauthbearer')}.oauthbearer.expected.audience`]: audience,
    [`${of('oauthbearer')}.oauthbearer.expected.issuer`]: url,
  };
}
