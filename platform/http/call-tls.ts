import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { buildConnector } from 'undici';
import type { SettingSchema, SettingsRule } from '../config/load-config.ts';
import { renewFromFiles } from '../config/renewed-settings.ts';
import { isLoopbackHost } from '../values/host-names.ts';
import { expiryLog, refuseOutdated, secureContextOf, tlsRule } from './tls.ts';

const OF_CALLS = ['SERVICES_TLS_CERTIFICATE', 'SERVICES_TLS_KEY', 'SERVICES_TLS_CA'] as const;

/** Settings of every service that calls others. */
export const callTlsSettings = {
  SERVICES_TLS_CA: Type.Optional(
    Type.String({
      format: 'certificates',
      description:
        'Authorities (PEM) that are trusted for calls to other services; those that Node knows ' +
        'when absent.',
    }),
  ),
  SERVICES_TLS_CERTIFICATE: Type.Optional(
    Type.String({
      format: 'certificates',
      description: 'Client certificate (PEM) for calls to services with TLS_CLIENT_CA.',
    }),
  ),
  SERVICES_TLS_KEY: Type.Optional(
    Type.String({
      format: 'private-key',
      description: 'Private key (PEM) of SERVICES_TLS_CERTIFICATE.',
      rule: tlsRule(OF_CALLS),
    }),
  ),
  ALLOW_PLAIN_HTTP: Type.Boolean({
    default: false,
    description:
      'Whether the URLs of other services may be http:// beyond this machine, where the network ' +
      'itself keeps others out.',
    rule: refusePlainHttp,
  }),
};

const CallTlsSettings = Type.Object(callTlsSettings);

/** Each base URL that this process calls must be https, or lead to this machine. */
function refusePlainHttp(
  config: Partial<Record<string, unknown>>,
  _isSet: unknown,
  properties: Record<string, SettingSchema>,
): ReturnType<SettingsRule<never>> {
  if (config.ALLOW_PLAIN_HTTP !== false) return [];
  return Object.entries(properties)
    .filter(([, { format, items }]) => (items?.format ?? format) === 'http-url')
    .filter(([name]) => [config[name] ?? []].flat().some((url) => isPlain(String(url))))
    .map(
      ([name]) =>
        `${name} must be https://: http:// beyond this machine (127.0.0.0/8, ::1, localhost) can ` +
        'be read and changed by others. ALLOW_PLAIN_HTTP=true allows it',
    );
}

function isPlain(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === 'http:' && !isLoopbackHost(hostname);
}

/** TLS of the calls to other services; for http URLs it changes nothing. */
export interface CallTls {
  /** Opens the connections of a client of undici. */
  connector(timeoutMs: number): buildConnector.connector;
  close(): void;
}

/** @param config as `loadConfig` returned it */
export function createCallTls(config: Static<typeof CallTlsSettings>, log: Logger): CallTls {
  const sayExpiry = expiryLog('SERVICES_TLS_CERTIFICATE', log);
  let started = false;
  const renewed = renewFromFiles({
    config,
    names: OF_CALLS,
    log,
    what: 'the certificate for calls to other services (SERVICES_TLS_…)',
    make(texts) {
      if (started) refuseOutdated('SERVICES_TLS_CERTIFICATE', texts.SERVICES_TLS_CERTIFICATE);
      return {
        secureContext: secureContextOf(OF_CALLS, texts),
        certificate: texts.SERVICES_TLS_CERTIFICATE,
      };
    },
    onRound: ({ certificate }) => sayExpiry(certificate),
  });
  started = true;
  sayExpiry(config.SERVICES_TLS_CERTIFICATE);
  return {
    connector(timeoutMs) {
      let { current } = renewed;
      const build = () =>
        buildConnector({
          secureContext: current.secureContext,
          timeout: timeoutMs,
          allowH2: false,
        });
      let connect = build();
      return (options, callback) => {
        if (current !== renewed.current) {
          ({ current } = renewed);
          // A connector keeps the TLS sessions of its first certificate.
          connect = build();
        }
        connect(options, callback);
      };
    },
    close: renewed.close,
  };
}
