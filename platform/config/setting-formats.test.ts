import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { createCertificate } from '#harness/certificate.ts';
import { publicKeyOf } from '../http/service-token.ts';
import { settingFormats } from './setting-formats.ts';

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;
const pem = pemOf(generateKeyPairSync('ed25519').privateKey);
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const encrypted = generateKeyPairSync('ed25519').privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'secret',
}) as string;

const rsaOf = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const rsaKey = rsaOf(1024);
const rsa = pemOf(rsaKey);
const rsaPkcs1 = rsaKey.export({ type: 'pkcs1', format: 'pem' }) as string;

const { cert: authority } = await createCertificate('authority');
const jwk = await publicKeyOf('gateway', pem);
const more = await Promise.all(
  [1, 2, 3].map(() => publicKeyOf('gateway', pemOf(generateKeyPairSync('ed25519').privateKey))),
);
const jwks = (...keys: unknown[]): string => JSON.stringify({ keys });

/** Texts that each format accepts and refuses. */
const texts: Record<string, { fine: string[]; faulty: string[] }> = {
  'listen-address': {
    fine: ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost', 'orders.svc.cluster.local', 'a_b'],
    faulty: ['two words', 'http://localhost', '[::1]', 'localhost:80', '-a', 'a'.repeat(254)],
  },
  'host-and-port': {
    fine: ['kafka:9092', '127.0.0.1:1', '[::1]:65535', 'b-1.kafka.example:9094'],
    faulty: ['kafka', 'kafka:', ':9092', 'kafka:0', 'kafka:65536', '::1:9092', 'secret@kafka:1'],
  },
  'token-url': {
    fine: ['https://id.example/token', 'https://id.example:8443/token?a=1', 'http://127.0.0.1:1/t'],
    faulty: [
      ...['id.example/token', 'http://id.example/token', 'ftp://localhost/token', ''],
      ...['https://user:secret@id.example/token', 'https://id.example/token#secret'],
    ],
  },
  'http-url': {
    fine: ['http://orders', 'https://orders.example:8443', 'http://127.0.0.1:1/', 'http://[::1]:1'],
    faulty: [
      ...['orders', 'orders:8080', 'ftp://orders', 'http://', 'http://orders:99999'],
      ...['http://user@orders', 'http://:secret@orders', 'http://user:secret@orders'],
      ...[
        'http://orders/api',
        'http://orders?',
        'http://orders/?a=1',
        'http://orders#',
        'http://o#a',
      ],
    ],
  },
  'issuer-url': {
    fine: [
      'https://id.example',
      'https://id.example/realms/a/',
      'http://127.0.0.1:1',
      'http://[::1]',
    ],
    faulty: [
      ...['id.example', 'http://id.example', 'ftp://127.0.0.1', 'http://127.0.0.1.id.example'],
      ...['https://user:secret@id.example', 'https://id.example?a', 'https://id.example/#'],
    ],
  },
  'postgres-url': {
    fine: [
      ...['postgres://u:p@h:5432/d', 'postgresql://h/d', 'postgres://u:%2F%25@h/d?sslmode=require'],
      ...['postgres:///d?host=/run/postgresql', 'postgres://u:p,q@%2Frun%2Fpostgresql/d'],
    ],
    faulty: [
      ...['h/d', 'mysql://h/d', 'postgres', 'postgres://u:secret%@h/d', 'postgres://h:port/d'],
      ...['postgres://u:p@h:5432,i:5432/d', 'postgres://h/d?target_session_attrs=read-write'],
      ...['postgres://h/d?sslmode=allow', 'postgres://h/d?statement_timeout=0'],
    ],
  },
  'smtp-url': {
    fine: [
      ...['smtp://h', 'smtps://u:p%40@h:465', 'smtp://[::1]:25?requireTLS=false'],
      ...['smtp://127.0.0.9:25?ignoreTLS=true', 'smtp://localhost?ignoreTLS=true&requireTLS=false'],
      ...['smtp://[::1]?ignoreTLS=true', 'smtp://h?ignoreTLS=false'],
    ],
    faulty: [
      ...['h:25', 'smtp://', 'http://h', 'smtp://u:secret%@h', 'smtp://h?requireTLS=maybe'],
      ...['smtp://u:secret@h?secure=true', 'smtp://h?requireTLS=true&requireTLS=no'],
      ...['smtp://h?ignoreTLS=true', 'smtps://[::1]?ignoreTLS=true', 'smtp://[::1]?ignoreTLS=1'],
      ...['smtp://[::1]?ignoreTLS=true&requireTLS=true', 'smtp://127.0.0.1.evil?ignoreTLS=true'],
    ],
  },
  'smtp-client-name': {
    fine: ['mail.example.com', 'worker-1', '[192.0.2.1]', '[IPv6:2001:db8::1]'],
    faulty: ['two words', '_x', '[x]', '192.0.2.1]', 'a\r\nMAIL FROM:<x@y.test>', '-a'],
  },
  'unsubscribe-url': {
    fine: [
      ...['https://shop.example/u?l={letterId}', 'mailto:u@shop.example?subject={letterId}'],
      ...['https://shop.example', 'mailto:u@shop.example'],
    ],
    faulty: [
      ...['http://shop.example', 'shop.example', 'mailto:', 'https://a:secret@shop.example'],
      ...['https://shop.example/<x>', 'https://shop.example/ x', 'https://магазин.рф', 'HTTPS://a'],
      `https://shop.example/${'x'.repeat(800)}`,
    ],
  },
  'dkim-key': {
    fine: [rsa, rsa.replaceAll('\n', '\\n'), rsaPkcs1],
    faulty: ['secret', pem, pemOf(ec), pemOf(rsaOf(512)), rsa.slice(0, 80)],
  },
  'ed25519-key': {
    fine: [pem, pem.trim(), pem.replaceAll('\n', '\\n')],
    faulty: [
      ...['secret', pem.replaceAll('\n', ''), pem.slice(0, 60), pemOf(ec), encrypted],
      ...[`${jwk.x}`, pem.replaceAll('PRIVATE', 'PUBLIC'), ` x${pem}`],
    ],
  },
  'private-key': {
    fine: [pem, pemOf(ec), pem.replaceAll('\n', '\\n')],
    faulty: ['secret', encrypted, authority, pem.slice(0, 60)],
  },
  certificates: {
    fine: [authority, `${authority}\n${authority}`, authority.replaceAll(/\r?\n/g, '\\n')],
    faulty: ['secret', pem, `${authority}\n${pem}`, authority.slice(0, -40), `x ${authority}`],
  },
  jwks: {
    fine: [
      ...[jwks(jwk), jwks(jwk, { ...jwk, kid: 'notifications' }), jwks({ ...jwk, more: 1 })],
      jwks(jwk, more[0], more[1]),
    ],
    faulty: [
      ...['secret', 'null', '[]', '{}', JSON.stringify(jwk), '{"keys":{}}', jwks()],
      ...[jwks(null), jwks('x'), jwks({ ...jwk, kid: undefined }), jwks({ ...jwk, kid: '' })],
      ...[jwks({ ...jwk, kty: 'EC' }), jwks({ ...jwk, crv: 'X25519' }), jwks({ ...jwk, x: 'AA' })],
      ...[jwks({ ...jwk, d: 'secret' }), jwks(jwk, jwk), jwks(jwk, ...more)],
    ],
  },
};

test('every format is tried here', () => {
  assert.deepEqual([...settingFormats.keys()].sort(), Object.keys(texts).sort());
});

for (const [name, { fine, faulty }] of Object.entries(texts)) {
  const faultOf = settingFormats.get(name) ?? assert.fail(name);

  test(`${name} takes what is sound`, () => {
    assert.deepEqual(fine.map(faultOf), Array(fine.length).fill(null));
  });

  test(`${name} refuses everything else, without repeating it`, () => {
    assert.deepEqual(
      faulty.filter((text) => faultOf(text) === null),
      [],
    );
    for (const text of faulty) assert.doesNotMatch(faultOf(text) as string, /secret|\n/, text);
  });
}

test('a private key among the public ones is called by its name', () => {
  assert.match(settingFormats.get('jwks')?.(jwks({ ...jwk, d: 'x' })) ?? '', /private part/);
});
