import { type Static, type TObject, Type } from 'typebox';
import {
  dkimSelectorFault,
  mailDomainFault,
  mailSenderFault,
  parseSender,
} from '#contracts/mail-address.ts';
import type { SettingsRule } from '#platform/config/load-config.ts';
import { pemOf } from '#platform/config/setting-formats.ts';
import type { Sender } from '../letter/letter-mail.ts';
import type { MailerOptions } from './mailer.ts';

/** Settings of the mail servers and of the letters' headers. */
export const mailSettings = {
  SMTP_URL: Type.Array(Type.String({ format: 'smtp-url' }), {
    description:
      'Mail servers: smtp://user:password@host:port, smtps:// for TLS; a further one takes over while those before it fail.',
  }),
  // As many as Postfix opens to one destination.
  SMTP_CONNECTIONS: Type.Integer({
    default: 20,
    minimum: 1,
    maximum: 100,
    description: 'Letters sent at the same time.',
  }),
  SMTP_TLS_CA: Type.Optional(
    Type.String({
      format: 'certificates',
      description:
        "Authorities (PEM) that are trusted for mail servers, in addition to Node's own.",
    }),
  ),
  SMTP_CLIENT_NAME: Type.Optional(
    Type.String({
      format: 'smtp-client-name',
      description: "Name that mail servers are greeted with (EHLO); the machine's when absent.",
    }),
  ),
  MAIL_FROM: Type.String({
    default: 'Orderbell <orders@orderbell.localdomain>',
    check: mailSenderFault,
    description: 'Sender of the letters; its domain is the domain of their Message-IDs.',
  }),
  MAIL_REPLY_TO: Type.Optional(
    Type.String({
      check: mailSenderFault,
      description: 'Address for answers (Reply-To); answers go to MAIL_FROM when absent.',
    }),
  ),
  MAIL_LIST_UNSUBSCRIBE: Type.Optional(
    Type.String({
      format: 'unsubscribe-url',
      description:
        'mailto: or https: URL of List-Unsubscribe, {letterId} in it is the letter; no such header when absent.',
    }),
  ),
  DKIM_DOMAIN: Type.Optional(
    Type.String({
      check: mailDomainFault,
      description: 'Domain that signs the letters (DKIM); they are not signed when absent.',
    }),
  ),
  DKIM_SELECTOR: Type.Optional(
    Type.String({
      check: dkimSelectorFault,
      description: 'The public key is in DNS at <selector>._domainkey.<DKIM_DOMAIN>.',
    }),
  ),
  DKIM_PRIVATE_KEY: Type.Optional(
    Type.String({ format: 'dkim-key', description: 'RSA key (PEM) that signs the letters.' }),
  ),
};

type MailConfig = Static<TObject<typeof mailSettings>>;

const DKIM = ['DKIM_DOMAIN', 'DKIM_SELECTOR', 'DKIM_PRIVATE_KEY'] as const;

/** DKIM needs all of its settings. */
export const dkimRule: SettingsRule<MailConfig> = (_config, isSet) => {
  const missing = DKIM.filter((name) => !isSet(name));
  if (missing.length === 0 || missing.length === DKIM.length) return [];
  return missing.map(
    (name) => `${name} must be set too, as DKIM settings go together: all three or none`,
  );
};

/** The mailer's part of the settings. */
export function mailerSettings(config: MailConfig) {
  const { DKIM_DOMAIN: domain, DKIM_SELECTOR: selector, DKIM_PRIVATE_KEY: key } = config;
  return {
    urls: config.SMTP_URL,
    connectionsMax: config.SMTP_CONNECTIONS,
    trusted: config.SMTP_TLS_CA && pemOf(config.SMTP_TLS_CA),
    clientName: config.SMTP_CLIENT_NAME,
    dkim: domain && selector && key ? { domain, selector, privateKey: pemOf(key) } : undefined,
  } satisfies Partial<MailerOptions>;
}

/** The letters' part of the settings. */
export function senderOf(config: MailConfig): Sender {
  const { MAIL_FROM, MAIL_LIST_UNSUBSCRIBE, MAIL_REPLY_TO } = config;
  const domain = parseSender(MAIL_FROM)?.address.split('@')[1];
  return {
    from: MAIL_FROM,
    ...(MAIL_REPLY_TO !== undefined && { replyTo: MAIL_REPLY_TO }),
    ...(MAIL_LIST_UNSUBSCRIBE !== undefined && { unsubscribe: MAIL_LIST_UNSUBSCRIBE }),
    // Deterministic, so that receivers recognize a second copy (RFC 5322 section 3.6.4).
    messageIdOf: (letterId) => `${letterId}@${domain}`,
  };
}
