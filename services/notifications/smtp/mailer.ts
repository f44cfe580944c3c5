import type { Logger } from 'pino';
import { createSlots } from '#platform/async/slots.ts';
import { smtpUrlFault } from '#platform/config/setting-formats.ts';
import { isDeliverableAddress, parseSender } from '#platform/values/mail-address.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import { composeMail, type Mail } from '../letter/compose-mail.ts';
import type { AttemptResult } from './attempt-result.ts';
import type { SmtpSettings, SmtpTimeouts } from './session.ts';
import { createSessionPool } from './session-pool.ts';

export { isDeliverableAddress } from '#platform/values/mail-address.ts';
export type { Mail } from '../letter/compose-mail.ts';

export interface Mailer {
  /**
   * Sends one letter. `beforeDot` is asked once, after the server accepted the envelope and the
   * body was written and before the final dot; the dot follows only upon true. Its rejection is a
   * transient outcome: the letter was not sent. Waits while all connections are in use.
   * @throws TypeError for a malformed Message-ID or language, Error after `close`
   */
  send(mail: Mail, beforeDot: () => Promise<boolean>): Promise<AttemptResult>;
  /** Ends at once: sends under way end as transient. Let them end before. */
  close(): Promise<void>;
}

export interface MailerOptions {
  /**
   * `smtp://user:password@host:port` (STARTTLS when offered) or `smtps://…`, user and password
   * percent-encoded. `?requireTLS=true` makes STARTTLS a must; so does a password for a host that
   * is not this machine, unless `?requireTLS=false` is stated.
   */
  url: string;
  /** Connections, and so letters, at the same time. */
  connectionsMax: number;
  log: Logger;
  timeouts?: Partial<SmtpTimeouts>;
}

const TIMEOUTS: SmtpTimeouts = {
  connectMs: 10_000,
  greetingMs: 10_000,
  commandMs: 30_000,
  afterDotMs: 600_000,
};

/** Connects with the first letter. @throws TypeError for a malformed URL, without its text */
export function createMailer({ url, connectionsMax, log, timeouts }: MailerOptions): Mailer {
  const settings = parseSmtpUrl(url, { ...TIMEOUTS, ...timeouts });
  const closing = new AbortController();
  const pool = createSessionPool(settings, closing.signal, log);
  const withSlot = createSlots(connectionsMax);
  const sends = new Set<Promise<unknown>>();

  async function deliver(mail: Mail, sender: string, beforeDot: () => Promise<boolean>) {
    const message = composeMail(mail);
    const envelope = { from: sender, to: mail.to };
    const result = await pool.use((session) =>
      session.transmit(envelope, message, beforeDot, closing.signal),
    );
    if (result.error !== null) {
      // The server's answer repeats the recipient.
      const [answer, error] = [result.response ?? '', result.error].map(maskAddresses);
      log.debug({ outcome: result.outcome, answer, error }, 'letter was not accepted');
    }
    return result;
  }

  return {
    async send(mail, beforeDot) {
      if (closing.signal.aborted) throw new Error('the mailer is closed');
      if (!isDeliverableAddress(mail.to)) return UNDELIVERABLE;
      const sender = parseSender(mail.from);
      if (sender === undefined) return MALFORMED_SENDER;
      const sending = withSlot(() => deliver(mail, sender.address, beforeDot));
      sends.add(sending);
      try {
        return await sending;
      } finally {
        sends.delete(sending);
      }
    },
    async close() {
      closing.abort(new Error('the mailer was closed'));
      await Promise.allSettled([...sends, pool.close()]);
    },
  };
}

const UNDELIVERABLE: AttemptResult = {
  outcome: 'permanent',
  stage: 'compose',
  response: '',
  error: 'the address is not deliverable',
};

/** A fault of the settings: the letters wait for its correction. */
const MALFORMED_SENDER: AttemptResult = {
  outcome: 'transient',
  stage: 'compose',
  response: null,
  error: 'malformed sender',
  ourFault: 'sender',
};

/** @throws TypeError for a malformed URL, without its text */
function parseSmtpUrl(text: string, timeouts: SmtpTimeouts): SmtpSettings {
  const fault = smtpUrlFault(text);
  if (fault !== null) throw new TypeError(`the SMTP URL ${fault}`);
  const url = new URL(text);
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const loopback = host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
  const stated = url.searchParams.get('requireTLS');
  const signsIn = url.username !== '';
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    // A password must not leave this machine in clear just because a server, or somebody between,
    // does not offer STARTTLS.
    requireTls: stated === null ? signsIn && !loopback && !secure : stated === 'true' && !secure,
    ...(signsIn && {
      credentials: {
        user: decodeURIComponent(url.username),
        pass: decodeURIComponent(url.password),
      },
    }),
    timeouts,
  };
}
