import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { isLoopbackHost } from '../values/host-names.ts';

/** Returns the fault of a text without repeating it (it may be secret), or null. */
export type SettingFormat = (text: string) => string | null;

const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/;

/** Base URL of a client, which appends its own paths. */
function httpUrlFault(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || !isHttp(url)) return 'must be an http:// or https:// URL';
  if (hasCredentials(url)) return 'must not hold credentials';
  // Also checks the text: the parser drops a trailing `?` or `#`.
  return url.pathname === '/' && !/[?#]/.test(text)
    ? null
    : 'must end after the host and port: no path, query or fragment';
}

const isHttp = (url: URL): boolean => ['http:', 'https:'].includes(url.protocol);
const hasCredentials = (url: URL): boolean => url.username !== '' || url.password !== '';

/** True for https, and for http on loopback: the answers cannot be modified in transit. */
export function isTamperProof(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
}

/** @param fault of a text with a forbidden character */
function tamperProofUrlFault(text: string, forbidden: RegExp, fault: string): string | null {
  const url = URL.parse(text);
  if (url === null || !isTamperProof(url)) return 'must be an https:// URL (http:// on loopback)';
  if (hasCredentials(url)) return 'must not hold credentials';
  return forbidden.test(text) ? fault : null;
}

/** OpenID Connect Discovery section 3: a path is allowed. */
const issuerUrlFault: SettingFormat = (text) =>
  tamperProofUrlFault(text, /[?#]/, 'must have no query and no fragment');

/** Token endpoint: a secret goes there, so no attacker may read it in transit. */
const tokenUrlFault: SettingFormat = (text) =>
  tamperProofUrlFault(text, /#/, 'must have no fragment');

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];
// The driver would take these from the URL before the limits that the services rely on.
const OWN_PARAMETERS = [
  ...['options', 'statement_timeout', 'lock_timeout', 'query_timeout', 'max', 'pipeline'],
  'idle_in_transaction_session_timeout',
];
const SEVERAL_HOSTS = ['target_session_attrs', 'load_balance_hosts'];
const ONE_HOST = 'a proxy or a virtual address leads to the primary of several servers';

function postgresUrlFault(text: string): string | null {
  const [, authority = ''] = /^[^/]*\/\/([^/?#]*)/.exec(text) ?? [];
  if (authority.split('@').at(-1)?.includes(',')) return `must name one host: ${ONE_HOST}`;
  const url = URL.parse(text);
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    return 'must look like postgres://user:password@host:port/database';
  }
  if (!isDecodable(url.username, url.password, url.pathname)) {
    return 'must have user, password and database percent-encoded';
  }
  for (const [name, value] of url.searchParams) {
    if (SEVERAL_HOSTS.includes(name)) return `must not have ${name}: ${ONE_HOST}`;
    if (OWN_PARAMETERS.includes(name)) return `must not have ${name}, which Orderbell sets itself`;
    if (name === 'sslmode' && !SSL_MODES.includes(value)) {
      return `must have one of these as sslmode: ${SSL_MODES.join(', ')}`;
    }
  }
  return null;
}

/** Whether `check` returns a truthy value, and does not throw. */
function passes(check: () => unknown): boolean {
  try {
    return Boolean(check());
  } catch {
    return false;
  }
}

function isDecodable(...parts: string[]): boolean {
  return passes(() => parts.map(decodeURIComponent));
}

/** The fault of a mail server's URL: `smtp://user:password@host:port?requireTLS=…`, `smtps://…`. */
export function smtpUrlFault(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    return 'must look like smtp://host:port or smtps://host:port';
  }
  if (!isDecodable(url.username, url.password)) {
    return 'must have user and password percent-encoded';
  }
  for (const [name, value] of url.searchParams) {
    if (!SMTP_PARAMETERS.includes(name)) {
      return 'may have the parameters requireTLS and ignoreTLS only';
    }
    if (value !== 'true' && value !== 'false') return `has a ${name} that is not true or false`;
  }
  const without = url.searchParams.get('ignoreTLS') === 'true';
  if (without && (url.protocol === 'smtps:' || url.searchParams.get('requireTLS') === 'true')) {
    return 'has ignoreTLS=true, which contradicts smtps:// and requireTLS=true';
  }
  return without && !isLoopbackHost(url.hostname)
    ? 'has ignoreTLS=true, which only a relay on this machine (127.0.0.1, ::1, localhost) may have'
    : null;
}

const SMTP_PARAMETERS = ['requireTLS', 'ignoreTLS'];

/** A `mailto:` or `https:` URL of a header; `{letterId}` is replaced before it is sent. */
function unsubscribeUrlFault(text: string): string | null {
  const url = URL.parse(text.replaceAll('{letterId}', 'id'));
  const isTarget =
    url !== null &&
    ((url.protocol === 'https:' && !hasCredentials(url)) ||
      (url.protocol === 'mailto:' && url.pathname.includes('@')));
  if (!isTarget) return 'must look like https://… or mailto:name@domain';
  if (!/^(?:https|mailto):/.test(text)) return 'must begin with https: or mailto: in small letters';
  // The id makes it longer; composition checks the whole.
  return /^[!-;=?-~]{1,800}$/.test(text) ? null : 'must be at most 800 ASCII characters, no spaces';
}

const PEM_LABEL = '-----BEGIN PRIVATE KEY-----';

/** Restores the line breaks of a PEM, which environment files contain as `\n`. */
export function pemOf(text: string): string {
  return text.replaceAll('\\n', '\n');
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function areCertificates(text: string): boolean {
  const pem = pemOf(text);
  const found = pem.match(CERTIFICATE) ?? [];
  const others = pem.replaceAll(CERTIFICATE, '').trim();
  return found.map((one) => new X509Certificate(one)).length > 0 && others === '';
}

const HOST_AND_PORT = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/;
const PORT_MAX = 65_535;

function isHostAndPort(text: string): boolean {
  const [, ip, host = '', port] = HOST_AND_PORT.exec(text) ?? [];
  const named = ip === undefined ? HOST_NAME.test(host) : isIP(ip) === 6;
  return named && Number(port) > 0 && Number(port) <= PORT_MAX;
}

// The old and the new key of a rotation, and one more that nobody has removed yet.
const KEYS_PER_CALLER_MAX = 3;

/** Public Ed25519 keys (RFC 7517, RFC 8037). Keys with the same `kid` are of the same caller. */
function jwksFault(text: string): string | null {
  let keys: unknown;
  try {
    keys = (JSON.parse(text) as { keys?: unknown } | null)?.keys;
  } catch {
    return 'must be JSON';
  }
  if (!Array.isArray(keys) || keys.length === 0) {
    return 'must be a JWKS with at least one key: {"keys":[…]}';
  }
  if (keys.some(hasPrivatePart)) return 'must hold public keys only: a key has a private part (d)';
  if (!keys.every(isPublicKey)) return 'must hold Ed25519 keys with a kid only';
  const entries = keys as { kid: string; x: string }[];
  const distinct = new Set(entries.map(({ kid, x }) => `${x} ${kid}`));
  if (distinct.size < keys.length) return 'must hold each key once';
  const crowded = Map.groupBy(entries, ({ kid }) => kid)
    .values()
    .some(({ length }) => length > KEYS_PER_CALLER_MAX);
  return crowded ? `must hold at most ${KEYS_PER_CALLER_MAX} keys with the same kid` : null;
}

function hasPrivatePart(key: unknown): boolean {
  return typeof key === 'object' && key !== null && 'd' in key;
}

function isPublicKey(key: unknown): boolean {
  const { kty, crv, x, kid } = (key ?? {}) as Record<string, unknown>;
  return (
    kty === 'OKP' &&
    crv === 'Ed25519' &&
    typeof x === 'string' &&
    // 32 bytes in base64url.
    /^[\w-]{43}$/.test(x) &&
    typeof kid === 'string' &&
    kid !== ''
  );
}

/** A format with one demand. */
function demand(message: string, isMet: (text: string) => boolean): SettingFormat {
  return (text) => (passes(() => isMet(text)) ? null : message);
}

const isAddress = (text: string) => isIP(text) !== 0 || HOST_NAME.test(text);
const isKey = (text: string) => createPrivateKey(pemOf(text)).type === 'private';
const isEd25519Key = (text: string) =>
  text.startsWith(PEM_LABEL) && createPrivateKey(pemOf(text)).asymmetricKeyType === 'ed25519';
const DKIM_BITS_MIN = 1024; // RFC 8301
const isDkimKey = (text: string) => {
  const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pemOf(text));
  return (
    asymmetricKeyType === 'rsa' && Number(asymmetricKeyDetails?.modulusLength) >= DKIM_BITS_MIN
  );
};
// RFC 5321: a domain, or an address in brackets.
const isClientName = (text: string) => {
  const literal = /^\[(?:IPv6:)?([^\]]+)\]$/.exec(text)?.[1];
  return literal === undefined
    ? /^[A-Za-z0-9]/.test(text) && HOST_NAME.test(text)
    : isIP(literal) > 0;
};
const LINES = '(line breaks may be written as \\n)';

/** Formats of settings, by name. */
export const settingFormats = new Map<string, SettingFormat>([
  ['listen-address', demand('must be an IP address or a host name', isAddress)],
  ['host-and-port', demand('must look like host:port', isHostAndPort)],
  ['http-url', httpUrlFault],
  ['issuer-url', issuerUrlFault],
  ['token-url', tokenUrlFault],
  ['postgres-url', postgresUrlFault],
  ['smtp-url', smtpUrlFault],
  ['smtp-client-name', demand('must be a host name or an [IP address]', isClientName)],
  ['unsubscribe-url', unsubscribeUrlFault],
  [
    'dkim-key',
    demand(
      `must be an RSA private key in PEM of at least ${DKIM_BITS_MIN} bits, no Ed25519 key ${LINES}`,
      isDkimKey,
    ),
  ],
  ['ed25519-key', demand(`must be an Ed25519 private key in PKCS#8 PEM ${LINES}`, isEd25519Key)],
  ['jwks', jwksFault],
  ['private-key', demand(`must be a private key in PEM without a passphrase ${LINES}`, isKey)],
  ['certificates', demand(`must be certificates in PEM ${LINES}`, areCertificates)],
]);
