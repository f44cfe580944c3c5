import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsFaultOf } from './tls-fault.ts';

const CODES = {
  host: ['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH'],
  time: ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'],
  authority: [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_CRL',
    'CERT_REVOKED',
    'CRL_HAS_EXPIRED',
    'INVALID_CA',
    'PATH_LENGTH_EXCEEDED',
  ],
  'own-key': ['ERR_OSSL_X509_KEY_VALUES_MISMATCH', 'ERR_OSSL_PEM_NO_START_LINE'],
  'no-tls': ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'],
  handshake: ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ERR_TLS_HANDSHAKE_TIMEOUT'],
};

for (const [kind, codes] of Object.entries(CODES)) {
  test(`codes of the kind ${kind}`, () => {
    assert.deepEqual(codes.map(tlsFaultOf), Array(codes.length).fill(kind));
  });
}

test('other errors are no faults of TLS', () => {
  const others = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ENOENT', '28P01', undefined];
  assert.deepEqual(others.map(tlsFaultOf), Array(others.length).fill(null));
});
