import pg from 'pg';
import { AppError, describeError } from '../errors.ts';
import { type TlsFault, tlsFaultOf } from '../tls-fault.ts';

const TLS_REFUSALS: Record<TlsFault, string> = {
  host: "the host of the URL is not in the server's certificate",
  time: "the server's certificate has expired or is not valid yet",
  authority:
    "the URL's sslrootcert must name the file of the CA that signed the server's certificate",
  'own-key': 'a certificate or key that the URL names is unusable, or does not match the other',
  'no-tls': 'no PostgreSQL with TLS seems to answer; check host, port and sslmode of the URL',
  handshake: 'the server ends the handshake; check sslcert and sslkey of the URL',
};
const FILE_CODES = ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EPERM', 'ELOOP'];

/** Faults of a pooler, which sends its own with SQLSTATE 08P01 and in English only. */
const POOLER_REFUSALS: [RegExp, string][] = [
  [
    /unsupported startup parameter/,
    'a pooler refuses a start-up parameter; set DATABASE_POOLER to session or transaction',
  ],
  [/no such database|no such user|not allowed|authentication failed|wrong password/, ''],
];

const SERVER_REFUSALS: Record<string, string> = {
  '28P01': 'user or password are wrong',
  '28000': 'it admits no such connection (pg_hba.conf, or a role that may not log in)',
  '3D000': 'it has no such database',
  '42501': 'the role may not connect',
  '42704': 'it does not know a start-up parameter',
  '22023': 'it refuses the value of a start-up parameter',
  '55P02': 'a start-up parameter cannot be changed',
};

/**
 * Why a connection attempt failed for its settings, with a remedy: the next attempt would fail in
 * the same way. Undefined for a fault that may pass by itself.
 */
export function connectRefusal(error: unknown): string | undefined {
  if (error instanceof AppError) return connectRefusal(error.cause);
  if (error instanceof ServerRefusal) return error.message;
  if (error instanceof pg.DatabaseError) return serverRefusal(error);
  if (!(error instanceof Error)) return undefined;
  const { code = '', syscall, path } = error as NodeJS.ErrnoException;
  const tls = tlsFaultOf(code);
  if (tls !== null) return `TLS failed (${code}): ${TLS_REFUSALS[tls]}`;
  // A socket file that is missing has the system call `connect`: its server may still start.
  if (FILE_CODES.includes(code) && syscall !== 'connect') {
    return `the file ${path ?? ''} that the URL names cannot be read`;
  }
  if (/does not support SSL connections/.test(error.message)) {
    return 'it offers no TLS, which the URL asks for (sslmode)';
  }
  if (/^SASL: /.test(error.message)) return 'user or password are wrong, or the URL lacks them';
  return undefined;
}

function serverRefusal({ code = '', message }: pg.DatabaseError): string | undefined {
  if (!code.startsWith('08')) return SERVER_REFUSALS[code];
  return POOLER_REFUSALS.find(([text]) => text.test(message))?.[1];
}

/** A server that we cannot use, for a reason that it does not know itself. */
export class ServerRefusal extends Error {}

/** The host and name of a database, for people: without user and password. */
export function databaseName(url: string): string {
  const { host, pathname } = new URL(url);
  return `the database ${host}${pathname}`;
}

/** The text of a fault that ends a start: `the database … refuses us: <reason>: <cause>`. */
export function refusalText(url: string, refusal: string, error: unknown): string {
  const cause = error instanceof AppError ? error.cause : error;
  const parts = [refusal, ...(cause instanceof ServerRefusal ? [] : [describeError(cause)])];
  return `${databaseName(url)} refuses us: ${parts.filter(Boolean).join(': ')}`;
}
