import type { Logger } from 'pino';
import { isDeliverableAddress, parseSender } from '#platform/values/mail-address.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import { composeMail, type Mail } from '../letter/compose-mail.ts';
import type { AttemptResult } from './attempt-result.ts';
import type { SmtpTimeouts } from './session.ts';
import { createSessionPool } from './session-pool.ts';
import { parseSmtpUrl } from './smtp-url.ts';

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

/** Runs so much work at the same time; more waits for its turn. */
function createSlots(max: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = max;
  return async (work) => {
    // A freed slot goes to the first in the queue, so `free` does not change in between.
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
