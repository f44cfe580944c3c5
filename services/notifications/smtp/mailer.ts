import { createSecureContext, rootCertificates } from 'node:tls';
import type { Logger } from 'pino';
import { isDeliverableAddress, parseSender } from '#contracts/mail-address.ts';
import { createSlots } from '#platform/async/slots.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import { composeMail, type Mail } from '../letter/compose-mail.ts';
import { type AttemptResult, OwnFault } from './attempt-result.ts';
import type { BreakerWaits, ProviderFault } from './circuit-breaker.ts';
import { createDkimSigner, type DkimSettings } from './dkim.ts';
import { createProvider, type Provider } from './provider.ts';
import type { SmtpTimeouts } from './session.ts';
import { parseSmtpUrls } from './smtp-url.ts';

export { isDeliverableAddress } from '#contracts/mail-address.ts';
export type { Mail } from '../letter/compose-mail.ts';

export interface Mailer {
  /**
   * Sends one letter through the first mail server whose circuit breaker is closed. `beforeDot` is
   * asked once, after the server accepted the envelope and the body was written and before the
   * final dot; the dot follows only upon true. Its rejection is a transient outcome: the letter was
   * not sent. Waits while all connections are in use.
   * @throws TypeError for a malformed Message-ID or language, Error after `close`
   */
  send(mail: Mail, beforeDot: () => Promise<boolean>): Promise<AttemptResult>;
  /** Letters that may be sent now; `one` is a probe, `none` while every circuit breaker is open. */
  readiness(): 'all' | 'one' | 'none';
  /** Calls the listener whenever a circuit breaker closes. */
  onClosed(listener: () => void): void;
  /** The mail servers in the order of the URLs. */
  providers(): ProviderStatus[];
  /** Ends at once: sends under way end as transient. Let them end before. */
  close(): Promise<void>;
}

export type ProviderStatus = { name: string } & ReturnType<Provider['view']>;

export interface MailerOptions {
  /** The mail servers (`smtp-url.ts`): the next one is used while those before it are paused. */
  urls: readonly string[];
  /** Connections, and so letters, at the same time. */
  connectionsMax: number;
  log: Logger;
  /** PEM certificates that are trusted in addition to those that Node knows. */
  trusted?: string | undefined;
  /** Name in EHLO; that of the machine when absent. */
  clientName?: string | undefined;
  dkim?: DkimSettings | undefined;
  timeouts?: Partial<SmtpTimeouts>;
  waits?: BreakerWaits;
  /** Called when a circuit breaker opens, not for each further opening until it closes. */
  onPaused?: (provider: string, fault: ProviderFault, waitMs: number) => void;
  onResumed?: (provider: string) => void;
}

const TIMEOUTS: SmtpTimeouts = {
  connectMs: 10_000,
  greetingMs: 10_000,
  commandMs: 30_000,
  afterDotMs: 600_000,
};

/** Connects with the first letter. @throws TypeError for a malformed URL, without its text */
export function createMailer(options: MailerOptions): Mailer {
  const { connectionsMax, dkim, log } = options;
  const closing = new AbortController();
  const listeners: (() => void)[] = [];
  const providers = openProviders(options, closing.signal, () => {
    for (const listener of listeners) listener();
  });
  const sign = dkim && createDkimSigner(dkim);
  const withSlot = createSlots(connectionsMax);
  const sends = new Set<Promise<unknown>>();

  function readiness(): 'all' | 'one' | 'none' {
    const each = providers.map((provider) => provider.readiness());
    if (each.includes('all')) return 'all';
    return each.includes('one') ? 'one' : 'none';
  }

  async function deliver(mail: Mail, sender: string, beforeDot: () => Promise<boolean>) {
    if (readiness() === 'none') return PAUSED;
    const composed = composeMail(mail);
    const message = sign === undefined ? composed : await sign(composed);
    const envelope = { from: sender, to: mail.to };
    for (const provider of providers) {
      const permit = provider.admit();
      if (permit === null) continue;
      // Null: the breaker opened before the attempt began, so the next server may have the letter.
      const result = await provider.send(permit, envelope, message, beforeDot);
      if (result !== null) return result;
    }
    return PAUSED;
  }

  async function deliverAndLog(...args: Parameters<typeof deliver>): Promise<AttemptResult> {
    const result = await deliver(...args);
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
      const sending = withSlot(() => deliverAndLog(mail, sender.address, beforeDot));
      sends.add(sending);
      try {
        return await sending;
      } finally {
        sends.delete(sending);
      }
    },
    readiness,
    onClosed: (listener) => void listeners.push(listener),
    providers: () => providers.map(({ name, view }) => ({ name, ...view() })),
    async close() {
      closing.abort(new OwnFault('the mailer was closed'));
      await Promise.allSettled([...sends, ...providers.map((provider) => provider.close())]);
    },
  };
}

function openProviders(
  options: MailerOptions,
  closing: AbortSignal,
  onClosed: () => void,
): Provider[] {
  const { clientName, log, onPaused, onResumed, trusted, urls, waits } = options;
  // Made once: to read Node's own certificates for each connection would take milliseconds.
  const context = trusted && createSecureContext({ ca: [...rootCertificates, trusted] });
  const shared = {
    timeouts: { ...TIMEOUTS, ...options.timeouts },
    ...(context && { secureContext: context }),
    ...(clientName !== undefined && { clientName }),
  };
  return parseSmtpUrls(urls, shared).map((settings) =>
    createProvider(settings, {
      closing,
      log,
      waits,
      onOpen: (fault, waitMs) => onPaused?.(settings.name, fault, waitMs),
      onClose() {
        onResumed?.(settings.name);
        onClosed();
      },
    }),
  );
}

/** There was no attempt. */
const PAUSED: AttemptResult = { outcome: 'paused', stage: null, response: null, error: null };

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
  fault: 'sender',
};
