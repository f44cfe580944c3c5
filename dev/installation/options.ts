import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { parseArgs } from 'node:util';
import { Type } from 'typebox';
import { CurrencySetting } from '#contracts/common.ts';
import { mailSenderFault } from '#contracts/mail-address.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import {
  isTamperProof,
  type SettingFormat,
  settingFormats,
} from '#platform/config/setting-formats.ts';
import type { InstallationOptions } from './installation.ts';

export const USAGE = `
npm run new-installation -- --postgres <host:port> --kafka <host:port,…> --smtp <URL>
                            --mail-from <sender> [--issuer <URL>] [--client-id <client>]
                            [--operator-claim <claim>] [--public-url <URL>]
                            [--currency <code>] [--out <folder>]
npm run new-installation -- --compose [--issuer <URL>] [--client-id <client>]
                            [--operator-claim <claim>] [--public-url <URL>]
                            [--currency <code>]

  --postgres   db.example:5432, or with TLS
               'postgres://db.example:5432/?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem'
  --kafka      brokers to start from: k1.example:9092,k2.example:9092
  --smtp       smtp://user:password@mail.example:587, or smtps:// for TLS from the first byte
  --mail-from  'Orders <orders@example.com>'
  --issuer     OpenID Connect issuer; without it the identity service issues the tokens
  --client-id  public client of the issuer by which the console signs people in
  --operator-claim
               claim of the token that holds \`operator\` for operators (scope)
  --public-url where customers open the console, for links in letters: https://shop.example
  --currency   of all orders and wallets, for ever (RUB)
  --out        a folder for the files (installation)
  --compose    for compose.yaml, which brings a PostgreSQL, a Kafka and a mailbox`;

/** In compose.yaml: its own PostgreSQL, Kafka and Mailpit. */
const COMPOSE = {
  '--postgres': 'postgres:5432',
  '--kafka': 'kafka:9092',
  '--smtp': 'smtp://mailpit:1025',
  '--mail-from': 'Orderbell <orders@orderbell.localdomain>',
  '--public-url': 'http://127.0.0.1:8080',
};

const text = (description: string, check: (text: string) => string | null) =>
  Type.String({ description, check });

const Options = Type.Object({
  '--postgres': text('Where PostgreSQL is, as host:port.', postgresFault),
  '--kafka': Type.Array(Type.String({ format: 'host-and-port' }), {
    description: 'Where Kafka is, as host:port.',
  }),
  '--smtp': text(
    'The mail server, as smtp://user:password@host:port.',
    unquoted(formatFault('smtp-url')),
  ),
  '--mail-from': text('The sender of the letters.', unquoted(mailSenderFault)),
  '--issuer': Type.Optional(text('The issuer of the tokens.', unquoted(formatFault('issuer-url')))),
  '--client-id': Type.Optional(
    Type.String({ pattern: '^[\\w.:/-]{1,255}$', description: 'The client of the console.' }),
  ),
  '--operator-claim': Type.Optional(
    Type.String({ pattern: '^[\\w.:/-]{1,255}$', description: 'The claim of operators.' }),
  ),
  '--public-url': Type.Optional(text('The address of the console.', unquoted(publicUrlFault))),
  '--currency': CurrencySetting,
  '--out': Type.String({ default: 'installation', description: 'The folder of the files.' }),
});

/**
 * Reads the arguments of the command.
 * @throws ConfigError that lists all faults, TypeError for an unknown option
 */
export function parseOptions(args: string[]): InstallationOptions & { out: string } {
  const names = Object.keys(Options.properties).map((name) => name.slice(2));
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ args, options: { ...options, compose: { type: 'boolean' } } });
  const { compose = false, ...texts } = values as Record<string, string> & { compose?: boolean };
  const given = Object.fromEntries(
    Object.entries(texts).map(([name, value]) => [`--${name}`, value]),
  );
  const config = loadConfig('npm run new-installation', Options, {
    ...(compose && COMPOSE),
    ...given,
  });
  const { host, search } = postgresOf(config['--postgres']);
  return {
    postgres: { host, search },
    kafka: config['--kafka'].join(','),
    smtp: config['--smtp'],
    mailFrom: config['--mail-from'],
    issuer: config['--issuer'],
    clientId: config['--client-id'],
    operatorClaim: config['--operator-claim'],
    publicUrl: config['--public-url'],
    currency: config['--currency'],
    out: config['--out'],
    compose,
  };
}

function formatFault(format: string): SettingFormat {
  return (value) => settingFormats.get(format)?.(value) ?? null;
}

/** A format without the characters that environment files of several programs read differently. */
function unquoted(check: SettingFormat): SettingFormat {
  return (value) =>
    check(value) ??
    (/['"\\$#`]/.test(value)
      ? 'must be without quotes, $, #, ` and \\: percent-encode them in a URL'
      : null);
}

/** Tokens of links in letters go there, so nobody may read them on their way. */
function publicUrlFault(value: string): string | null {
  const fault = formatFault('http-url')(value);
  if (fault !== null || isTamperProof(new URL(value))) return fault;
  return 'must be an https:// URL (http:// on loopback)';
}

function postgresOf(value: string): URL {
  return new URL(/^\w+:\/\//.test(value) ? value : `postgres://${value}`);
}

function postgresFault(value: string): string | null {
  if (!URL.canParse(/^\w+:\/\//.test(value) ? value : `postgres://${value}`)) {
    return 'must look like host:port or postgres://host:port/?sslmode=verify-full';
  }
  const url = postgresOf(value);
  if (url.password !== '') {
    return 'must be without a password: psql asks for the administrator, the roles get new ones';
  }
  const fault = unquoted(formatFault('postgres-url'))(url.href);
  if (fault !== null || url.hostname === '') return fault ?? 'has no host';
  const certificate = url.searchParams.get('sslrootcert');
  if (certificate !== null && !(isAbsolute(certificate) && existsSync(certificate))) {
    return `names a sslrootcert that is not the absolute path of a file: ${certificate}`;
  }
  return null;
}
