import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { generate } from 'selfsigned';
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

const { cert: authority } = await generate([{ name: 'commonName', value: 'authority' }], {
  algorithm: 'sha256',
});
const jwk = await publicKeyOf('gateway', pem);
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
    fine: ['smtp://h', 'smtps://u:p%40@h:465', 'smtp://[::1]:25?requireTLS=false'],
    faulty: [
      ...['h:25', 'smtp://', 'http://h', 'smtp://u:secret%@h', 'smtp://h?requireTLS=maybe'],
      ...['smtp://u:secret@h?secure=true', 'smtp://h?requireTLS=true&requireTLS=no'],
    ],
  },
  'mail-sender': {
    fine: ['a@b.example', 'Orderbell <orders@orderbell.localdomain>', '"A, B" <a@b.example>'],
    faulty: [
      'orders',
      'a@localhost',
      'A <a@b.example',
      '<a@b.example> x',
      'a@b.example, c@d.example',
    ],
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
    fine: [jwks(jwk), jwks(jwk, { ...jwk, kid: 'notifications' }), jwks({ ...jwk, more: 1 })],
    faulty: [
      ...['secret', 'null', '[]', '{}', JSON.stringify(jwk), '{"keys":{}}', jwks()],
      ...[jwks(null), jwks('x'), jwks({ ...jwk, kid: undefined }), jwks({ ...jwk, kid: '' })],
      ...[jwks({ ...jwk, kty: 'EC' }), jwks({ ...jwk, crv: 'X25519' }), jwks({ ...jwk, x: 'AA' })],
      ...[jwks({ ...jwk, d: 'secret' }), jwks(jwk, jwk)],
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
