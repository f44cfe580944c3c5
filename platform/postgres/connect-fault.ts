import pg from 'pg';
import { AppError, describeError } from '../errors.ts';

const TLS_CODE =
  /^(CERT_|CRL_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH_EXCEEDED|ERROR_IN_C)/;
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
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return "the host of the URL is not in the server's certificate";
  }
  if (code === 'CERT_HAS_EXPIRED') return "the server's certificate has expired";
  if (code.startsWith('ERR_OSSL_')) {
    return 'a certificate or key that the URL names is unusable, or does not match the other';
  }
  if (TLS_CODE.test(code)) {
    return (
      `TLS failed (${code}): the URL's sslrootcert must name the file of the CA that signed the ` +
      "server's certificate"
    );
  }
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
