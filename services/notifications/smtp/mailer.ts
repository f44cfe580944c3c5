import type { SMTPError } from 'nodemailer/lib/smtp-connection';
import type { Logger } from 'pino';
import { smtpUrlFault } from '#platform/config/setting-formats.ts';
import { describeError } from '#platform/errors.ts';
import { isDeliverableAddress, parseSender } from '#platform/values/mail-address.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import { composeMail, type Mail } from '../letter/compose-mail.ts';
import { isOurFault, type OurFault, refusalSubject, type SmtpStep } from './refusal.ts';
import {
  openSmtpSession,
  type SmtpPhase,
  type SmtpSession,
  type SmtpSettings,
  type SmtpTimeouts,
  type Transmission,
} from './session.ts';

export { isDeliverableAddress } from '#platform/values/mail-address.ts';
export type { Mail } from '../letter/compose-mail.ts';

/** What became of one attempt. `response` is the server's answer as one line, at most 500 characters. */
export type SendOutcome =
  | { kind: 'sent'; response: string }
  /**
   * To be tried again. `unknown`: the dot was sent, so the server may have accepted the letter.
   * `ourFault`: the server refused us and not this letter, for good until somebody changes it.
   */
  | {
      kind: 'transient';
      response: string | null;
      error: string;
      unknown: boolean;
      ourFault?: OurFault;
    }
  /** The server, or the address itself, says that it never will. `response` is empty without a server. */
  | { kind: 'permanent'; response: string; error: string }
  /** `beforeDot` said no: no dot was sent, the server has nothing. */
  | { kind: 'abandoned' };

export interface Mailer {
  /**
   * Sends one letter. `beforeDot` is asked once, after the server accepted the envelope and the
   * body was written and before the final dot; the dot follows only upon true. Its rejection is a
   * transient outcome, known not to be sent. Waits while all connections are in use.
   * @throws TypeError for a malformed Message-ID or language, Error after `close`
   */
  send(mail: Mail, beforeDot: () => Promise<boolean>): Promise<SendOutcome>;
  /** Ends at once: what is on its way ends as a transient outcome. Let sends end before. */
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
// Shorter than servers' own idle limits (a minute and more), so that we end it and not they.
const IDLE_CLOSE_MS = 30_000;
// Servers and balancers limit a connection's messages or age; a fresh one each 200 costs nothing.
const MESSAGES_PER_CONNECTION_MAX = 200;

/** Connects with the first letter. @throws TypeError for a malformed URL, without its text */
export function createMailer(options: MailerOptions): Mailer {
  const settings = parseSmtpUrl(options.url, { ...TIMEOUTS, ...options.timeouts });
  const idle = new Map<SmtpSession, NodeJS.Timeout>();
  const waiting: (() => void)[] = [];
  const sends = new Set<Promise<unknown>>();
  const closing = new AbortController();
  let free = options.connectionsMax;

  async function withSlot<T>(work: () => Promise<T>): Promise<T> {
    // A freed slot is handed over to the first who waits, so `free` is not touched in between.
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  }

  function takeIdle(): SmtpSession | undefined {
    // The one used last: the others get old enough to be closed when there is less to send.
    const session = [...idle.keys()].pop();
    if (session === undefined) return undefined;
    clearTimeout(idle.get(session));
    idle.delete(session);
    return session;
  }

  function keep(session: SmtpSession): void {
    if (!session.alive) return;
    if (closing.signal.aborted || session.accepted >= MESSAGES_PER_CONNECTION_MAX) {
      void session.quit();
      return;
    }
    const timer = setTimeout(() => {
      idle.delete(session);
      void session.quit();
    }, IDLE_CLOSE_MS);
    idle.set(session, timer.unref());
  }

  async function open(): Promise<SmtpSession> {
    const session = await openSmtpSession(settings, closing.signal);
    session.onEnd(() => {
      clearTimeout(idle.get(session));
      idle.delete(session);
    });
    return session;
  }

  async function deliver(mail: Mail, sender: string, beforeDot: () => Promise<boolean>) {
    const message = composeMail(mail);
    const transmit = async (session: SmtpSession) => {
      const envelope = { from: sender, to: mail.to };
      const result = await session.transmit(envelope, message, beforeDot, closing.signal);
      if (result.kind === 'accepted') keep(session);
      return result;
    };
    const kept = takeIdle();
    if (kept !== undefined) {
      const result = await transmit(kept);
      if (!wasStale(result) || closing.signal.aborted) return toOutcome(result);
      options.log.debug('kept SMTP connection was stale, opening another');
    }
    let session: SmtpSession;
    try {
      session = await open();
    } catch (error) {
      // Nothing said during the handshake is about this letter: not even a 5xx ends it.
      return failureOutcome(error as SMTPError, 'handshake');
    }
    return toOutcome(await transmit(session));
  }

  return {
    async send(mail, beforeDot) {
      if (closing.signal.aborted) throw new Error('the mailer is closed');
      if (!isDeliverableAddress(mail.to)) {
        return { kind: 'permanent', response: '', error: 'the address is not deliverable' };
      }
      const sender = parseSender(mail.from);
      if (sender === undefined) {
        // A fault of the settings: the letters wait for its correction.
        return MALFORMED_SENDER;
      }
      const sending = withSlot(() => deliver(mail, sender.address, beforeDot));
      sends.add(sending);
      try {
        const outcome = await sending;
        if ('error' in outcome) {
          const { kind, response } = outcome;
          // The server's answer repeats the recipient.
          const [answer, error] = [response ?? '', outcome.error].map(maskAddresses);
          options.log.debug({ kind, answer, error }, 'letter was not accepted');
        }
        return outcome;
      } finally {
        sends.delete(sending);
      }
    },
    async close() {
      closing.abort(new Error('the mailer was closed'));
      const quits = [...idle].map(([session, timer]) => {
        clearTimeout(timer);
        return session.quit();
      });
      idle.clear();
      await Promise.allSettled([...sends, ...quits]);
    },
  };
}

const MALFORMED_SENDER = {
  kind: 'transient',
  response: null,
  error: 'malformed sender',
  unknown: false,
  ourFault: 'sender',
} as const;

/** A kept connection that the server had ended meanwhile: the letter was not even begun. */
function wasStale(result: Transmission): boolean {
  if (result.kind !== 'failed' || result.phase !== 'envelope') return false;
  return result.error.responseCode === undefined || result.error.responseCode === 421;
}

function toOutcome(result: Transmission): SendOutcome {
  if (result.kind === 'accepted') return { kind: 'sent', response: oneLine(result.response) };
  if (result.kind === 'withheld') return { kind: 'abandoned' };
  return failureOutcome(result.error, result.phase);
}

function failureOutcome(error: SMTPError, phase: SmtpPhase | 'handshake'): SendOutcome {
  const subject = refusalSubject(stepOf(error, phase), error.response ?? '');
  if (subject !== null && !isOurFault(subject)) {
    return { kind: 'permanent', response: oneLine(error.response ?? ''), error: messageOf(error) };
  }
  const code = error.responseCode ?? 0;
  return {
    kind: 'transient',
    response: error.response === undefined ? null : oneLine(error.response),
    error: messageOf(error),
    // A 4xx or 5xx says for certain that the letter was not accepted, also after the dot.
    unknown: phase === 'after-dot' && !(code >= 400 && code < 600),
    ...(subject !== null && { ourFault: subject }),
  };
}

function stepOf({ command }: SMTPError, phase: SmtpPhase | 'handshake'): SmtpStep {
  if (phase === 'handshake') return phase;
  if (phase !== 'envelope') return 'dot';
  if (command === 'MAIL FROM') return 'mail';
  return command === 'RCPT TO' ? 'rcpt' : 'data';
}

const messageOf = (error: unknown) => oneLine(describeError(error));

// It is stored with the attempt and shown: PostgreSQL takes no NUL, people read no megabyte.
const LINE_MAX = 500;

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return line.slice(0, LINE_MAX).toWellFormed();
}

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
