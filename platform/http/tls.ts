import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Server as HttpsServer } from 'node:https';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { createFaultLog } from '../async/fault-log.ts';
import { createLogLimit } from '../async/log-limit.ts';
import type { SettingsRule } from '../config/load-config.ts';
import { renewFromFiles } from '../config/renewed-settings.ts';
import { pemOf } from '../config/setting-formats.ts';
import { AppError, OperatorError, problem } from '../errors.ts';
import { tlsFaultOf } from '../tls-fault.ts';

// TLS of the listeners and of the calls between services: docs/decisions/0034-tls-between-services.md.

const MIN_VERSION = 'TLSv1.2' as const;
// Like the headers of a request: a client that does not finish must not hold a connection.
const HANDSHAKE_TIMEOUT_MS = 10_000;
const DAY_MS = 24 * 3_600_000;
const EXPIRY_WARNING_MS = 7 * DAY_MS;
// Kubernetes and load balancers have no client certificate, and the answers hold no data.
const OPEN_PATHS = ['/livez', '/readyz'];

/** A certificate and its key, together with the authorities that the other side may come from. */
const OF_LISTENER = ['TLS_CERTIFICATE', 'TLS_KEY', 'TLS_CLIENT_CA'] as const;

export const listenerTlsSettings = {
  TLS_CERTIFICATE: Type.Optional(
    Type.String({
      format: 'certificates',
      description: 'Certificate (PEM, then its chain) of this listener, which then speaks TLS.',
    }),
  ),
  TLS_KEY: Type.Optional(
    Type.String({
      format: 'private-key',
      description: 'Private key (PEM) of TLS_CERTIFICATE.',
      rule: tlsRule(OF_LISTENER),
    }),
  ),
  TLS_CLIENT_CA: Type.Optional(
    Type.String({
      format: 'certificates',
      description:
        'Authorities (PEM) of the client certificates that callers then need; none when absent.',
    }),
  ),
};

const ListenerTlsSettings = Type.Object(listenerTlsSettings);

/**
 * Demands that a certificate and its key are set together and belong together.
 * @param names of the certificate, its key, and the authorities of the other side
 */
export function tlsRule(
  names: readonly [string, string, string],
): SettingsRule<Record<string, unknown>> {
  const [certificate, key, authorities] = names;
  return (config, isSet) => {
    if (isSet(certificate) !== isSet(key)) {
      const [given, absent] = isSet(certificate) ? [certificate, key] : [key, certificate];
      return [`${absent} is not set: ${given} is, and the two belong together`];
    }
    if (authorities === 'TLS_CLIENT_CA' && isSet(authorities) && !isSet(certificate)) {
      return [`${certificate} is not set: ${authorities} is, and needs TLS`];
    }
    const texts = config as Record<string, string | undefined>;
    // An invalid one is reported already.
    if (names.some((name) => isSet(name) && texts[name] === undefined)) return [];
    try {
      secureContextOf(names, texts);
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  };
}

/** @throws Error in one line that names the settings, and shows no value */
export function secureContextOf(
  [certificate, key, authorities]: readonly [string, string, string],
  texts: Record<string, string | undefined>,
): SecureContext {
  const pem = (name: string) => texts[name] && pemOf(texts[name]);
  const [cert, own, ca] = [pem(certificate), pem(key), pem(authorities)];
  if (cert && own && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(own))) {
    throw new Error(`${key} is not the key of ${certificate}`);
  }
  try {
    return createSecureContext({
      minVersion: MIN_VERSION,
      ...(cert && own && { cert, key: own }),
      ...(ca && { ca }),
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`${certificate} and ${key} cannot be used for TLS: ${code ?? message}`);
  }
}

/** The answer to a caller without a good client certificate. */
export const certificateNeeded = problem('client-certificate-needed', 'forbidden', {
  ru: ['Нужен сертификат клиента', 'Этот адрес принимает только вызовы с сертификатом клиента.'],
  en: ['Client certificate needed', 'This address takes calls with a client certificate only.'],
});

/** A callee wants a client certificate that this process does not have. */
export class CertificateNeededError extends OperatorError {
  constructor(callee: string) {
    super(`${callee} refuses our client certificate (SERVICES_TLS_CERTIFICATE), or got none`);
  }
}

/** TLS of one listener. */
export interface ListenerTls {
  /** For `https.createServer`. */
  options: Record<string, unknown>;
  /** Refuses callers without a client certificate, and takes renewed certificates over. */
  attach(app: FastifyInstance): void;
}

/**
 * TLS by the settings of a listener; null without a certificate.
 * @param config as `loadConfig` returned it
 */
export function createListenerTls(
  config: Static<typeof ListenerTlsSettings>,
  log: Logger,
): ListenerTls | null {
  if (config.TLS_CERTIFICATE === undefined) return null;
  const isMutual = config.TLS_CLIENT_CA !== undefined;
  const sayExpiry = expiryLog('TLS_CERTIFICATE', log);
  let server: HttpsServer | undefined;
  const renewed = renewFromFiles({
    config,
    names: OF_LISTENER,
    log,
    what: 'the certificate of this process (TLS_CERTIFICATE)',
    make(texts) {
      const context = secureContextOf(OF_LISTENER, texts);
      if (server !== undefined) refuseOutdated('TLS_CERTIFICATE', texts.TLS_CERTIFICATE);
      return { context, options: optionsOf(texts), certificate: texts.TLS_CERTIFICATE };
    },
    onRenewed: ({ options }) => server?.setSecureContext(options),
    onRound: ({ certificate }) => sayExpiry(certificate),
  });
  sayExpiry(config.TLS_CERTIFICATE);
  return {
    options: {
      ...renewed.current.options,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      // Checked for each request below, so that probes need none.
      ...(isMutual && { requestCert: true, rejectUnauthorized: false }),
    },
    attach(app) {
      server = app.server as unknown as HttpsServer;
      const report = createFaultLog({ log });
      server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
        // The other side hung up, as port scanners and health checks by TCP do.
        if (error.code !== 'ECONNRESET') report('a connection is refused', handshakeFault(error));
      });
      if (isMutual) demandCertificates(app, report);
      app.addHook('onClose', async () => renewed.close());
    },
  };
}

function optionsOf({
  TLS_CERTIFICATE,
  TLS_KEY,
  TLS_CLIENT_CA,
}: Record<string, string | undefined>) {
  return {
    cert: pemOf(TLS_CERTIFICATE as string),
    key: pemOf(TLS_KEY as string),
    ...(TLS_CLIENT_CA !== undefined && { ca: pemOf(TLS_CLIENT_CA) }),
    minVersion: MIN_VERSION,
  };
}

function handshakeFault(error: NodeJS.ErrnoException): Error {
  const { code = '' } = error;
  if (code === 'ERR_SSL_HTTP_REQUEST') return new Error('it speaks HTTP without TLS');
  if (/ALERT/.test(code)) return new Error(`the caller does not accept our certificate (${code})`);
  if (/PROTOCOL|VERSION/.test(code)) return new Error(`it speaks no TLS 1.2 or newer (${code})`);
  return error;
}

function demandCertificates(
  app: FastifyInstance,
  report: (what: string, error: unknown) => void,
): void {
  const accepted = new WeakSet<TLSSocket>();
  app.addHook('onRequest', (request, _reply, done) => {
    const socket = request.raw.socket as TLSSocket;
    if (accepted.has(socket) || OPEN_PATHS.includes(request.routeOptions.url ?? '')) return done();
    // Of a resumed session, Node may say `authorized` where no certificate was ever shown.
    if (socket.authorized && socket.getPeerX509Certificate() !== undefined) {
      accepted.add(socket);
      return done();
    }
    const error = new AppError(certificateNeeded, refusalOf(socket));
    report('a caller is refused', new Error(error.message));
    done(error);
  });
}

function refusalOf(socket: TLSSocket): string {
  const given = socket.getPeerX509Certificate();
  if (given === undefined) return 'it has no client certificate';
  const code = String(socket.authorizationError);
  const kind = tlsFaultOf(code);
  if (kind === 'time') return `its client certificate has expired or is not valid yet (${code})`;
  if (kind === 'authority') {
    return `its client certificate is from an authority that TLS_CLIENT_CA does not name (${code})`;
  }
  return `its client certificate is not valid: ${code}`;
}

/** Says once a day that a certificate has expired or is about to. */
export function expiryLog(name: string, log: Pick<Logger, 'warn' | 'error'>) {
  const countForLine = createLogLimit({ intervalMs: DAY_MS });
  return (pem: string | undefined): void => {
    if (pem === undefined) return;
    const { from, until } = validityOf(pem);
    const now = Date.now();
    if (now >= from && until - now > EXPIRY_WARNING_MS) return;
    if (countForLine(String(until)) === 0) return;
    const fault = outdatedText(name, pem);
    if (fault !== null) log.error(`${fault}: the other side will refuse it. Renew its file`);
    else log.warn(`${name} expires on ${new Date(until).toISOString()}: renew its file`);
  };
}

/** @throws Error for a certificate that is not valid now: the former one may be */
export function refuseOutdated(name: string, pem: string | undefined): void {
  const fault = pem === undefined ? null : outdatedText(name, pem);
  if (fault !== null) throw new Error(fault);
}

function outdatedText(name: string, pem: string): string | null {
  const { from, until } = validityOf(pem);
  if (Date.now() >= until) return `${name} has expired on ${new Date(until).toISOString()}`;
  return Date.now() < from ? `${name} is valid from ${new Date(from).toISOString()} on` : null;
}

function validityOf(pem: string): { from: number; until: number } {
  const { validFromDate, validToDate } = new X509Certificate(pemOf(pem));
  return { from: validFromDate.getTime(), until: validToDate.getTime() };
}

/** What is wrong with the TLS of a callee, in words for an operator; other errors as they are. */
export function callFaultOf(url: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const kind = tlsFaultOf(code);
  if (kind === null) return error;
  const texts = {
    host: 'its certificate is for other host names',
    time: 'its certificate has expired or is not valid yet; check the clocks too',
    authority: 'its certificate is from an authority that SERVICES_TLS_CA does not name',
    'own-key': 'SERVICES_TLS_CERTIFICATE and SERVICES_TLS_KEY cannot be used',
    'no-tls': 'this port does not speak TLS',
    handshake: 'it refuses our handshake',
  };
  return new OperatorError(`${url}: ${texts[kind]}`, { cause: error });
}
