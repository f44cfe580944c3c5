/**
 * The kinds of TLS faults, each with a remedy of its own. `host`: the certificate is for other host
 * names. `time`: it has expired or is not valid yet. `authority`: its authority is not trusted here.
 * `own-key`: a certificate or key of ours is unusable. `no-tls`: the other side does not speak TLS.
 * `handshake`: the other side ended it.
 */
export type TlsFault = 'host' | 'time' | 'authority' | 'own-key' | 'no-tls' | 'handshake';

// Codes of Node and of OpenSSL; the first match decides.
const KINDS: [RegExp, TlsFault][] = [
  [/^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/, 'host'],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, 'time'],
  [/^ERR_OSSL_/, 'own-key'],
  [/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, 'no-tls'],
  // EPROTO: an alert that came while we wrote.
  [/^(ERR_(SSL|TLS)_|EPROTO$)/, 'handshake'],
  [/CERT|^(CRL_|UNABLE_TO_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_EXCEEDED$)/, 'authority'],
];

/** The kind of TLS fault that an error's `code` means; null for other errors. */
export function tlsFaultOf(code: string | undefined): TlsFault | null {
  if (code === undefined) return null;
  return KINDS.find(([codes]) => codes.test(code))?.[1] ?? null;
}
