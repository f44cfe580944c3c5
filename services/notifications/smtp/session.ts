import type { Readable, Writable } from 'node:stream';
import type { SecureContext } from 'node:tls';
import SMTPConnection, { type SMTPError } from 'nodemailer/lib/smtp-connection';
import {
  type AttemptResult,
  accepted,
  failed,
  OwnFault,
  type SmtpPhase,
} from './attempt-result.ts';

export interface SmtpTimeouts {
  /** DNS, TCP, TLS and greeting together. */
  connectMs: number;
  /** The greeting alone. */
  greetingMs: number;
  /** Each command before the final dot. */
  commandMs: number;
  /** The answer to the final dot. Each early give-up there is a duplicate (RFC 5321 4.5.3.2.6). */
  afterDotMs: number;
}

export interface SmtpSettings {
  host: string;
  port: number;
  /** TLS from the first byte. */
  secure: boolean;
  /** STARTTLS is a must; without this it is used when offered. */
  requireTls: boolean;
  /** STARTTLS is not used, also when offered. */
  ignoreTls: boolean;
  /** Trusted certificates; those that Node knows when absent. */
  secureContext?: SecureContext;
  /** Name in EHLO; that of the machine when absent. */
  clientName?: string;
  credentials?: { user: string; pass: string };
  timeouts: SmtpTimeouts;
}

export interface Envelope {
  from: string;
  to: string;
}

/** One connection to the server, greeted and signed in. Carries one message at a time. */
export interface SmtpSession {
  /** Messages accepted so far. */
  readonly accepted: number;
  readonly alive: boolean;
  /** Called once when the connection has ended, by either side. */
  onEnd(listener: () => void): void;
  /**
   * Sends one message; the final dot leaves only after `beforeDot` resolved true. `beforeDot` is
   * asked after the server accepted sender, recipient and DATA and the body was written. Anything
   * but `sent` ends the connection. Never rejects; waits for `beforeDot` once it was asked.
   */
  transmit(
    envelope: Envelope,
    message: Buffer,
    beforeDot: () => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<AttemptResult>;
  /** Says QUIT and resolves when the connection has ended. */
  quit(): Promise<void>;
}

// EHLO, STARTTLS, EHLO again and AUTH with its challenge.
const HANDSHAKE_COMMANDS = 5;
// MAIL, RCPT and DATA.
const ENVELOPE_COMMANDS = 3;
// QUIT is a courtesy, so its answer matters little.
const QUIT_TIMEOUT_MS = 1_000;

/**
 * Connects, upgrades to TLS and signs in as the settings say.
 * @throws SMTPError with `responseCode` when the server said no
 */
export async function openSmtpSession(
  settings: SmtpSettings,
  signal: AbortSignal,
): Promise<SmtpSession> {
  const { timeouts, credentials } = settings;
  const connection = new SMTPConnection({
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    requireTLS: settings.requireTls,
    ignoreTLS: settings.ignoreTls,
    ...(settings.clientName !== undefined && { name: settings.clientName }),
    ...(settings.secureContext && { tls: { secureContext: settings.secureContext } }),
    connectionTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.greetingMs,
    dnsTimeout: timeouts.connectMs,
    socketTimeout: timeouts.commandMs,
    // After an error the connection is closed at once: nothing depends on the other side.
    socketCloseTimeout: 0,
    maxResponseSize: 64 * 1024,
    logger: false,
  });
  // An error without a listener would end the process.
  connection.on('error', () => {});
  const commandMs = HANDSHAKE_COMMANDS * timeouts.commandMs;
  const limit = AbortSignal.timeout(timeouts.connectMs + commandMs);
  const stop = AbortSignal.any([signal, limit]);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onStop = () => reject(limit.aborted ? new Error('handshake took too long') : stop.reason);
  stop.addEventListener('abort', onStop, { once: true });
  connection.once('error', reject);
  try {
    if (stop.aborted) throw stop.reason;
    connection.connect((fault) => {
      if (fault) reject(fault);
      else if (credentials === undefined) resolve();
      else connection.login(credentials, (error) => (error ? reject(error) : resolve()));
    });
    await promise;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    stop.removeEventListener('abort', onStop);
    connection.off('error', reject);
  }
  return createSession(connection, timeouts);
}

function createSession(connection: SMTPConnection, timeouts: SmtpTimeouts): SmtpSession {
  let accepted = 0;
  const setInactivityMs = (ms: number) => {
    if (connection._socket) connection._socket.setTimeout(ms);
  };
  // While idle the pool decides how long the connection is kept.
  setInactivityMs(0);
  return {
    get accepted() {
      return accepted;
    },
    get alive() {
      return !connection.destroyed;
    },
    onEnd: (listener) => void connection.once('end', listener),
    async transmit(envelope, message, beforeDot, signal) {
      setInactivityMs(timeouts.commandMs);
      const result = await new Transmitter(connection, timeouts, beforeDot).run(
        envelope,
        message,
        signal,
      );
      if (result.outcome === 'sent') {
        accepted += 1;
        setInactivityMs(0);
      } else {
        connection.close();
      }
      return result;
    },
    async quit() {
      if (connection.destroyed) return;
      const ended = new Promise<void>((resolve) => void connection.once('end', resolve));
      setInactivityMs(QUIT_TIMEOUT_MS);
      connection.quit();
      await ended;
    },
  };
}

const WITHHELD: AttemptResult = {
  outcome: 'withheld',
  stage: 'body',
  response: null,
  error: null,
};

/** The transmission of one message: its phase, the timer of that phase, its result. */
class Transmitter {
  readonly #connection: SMTPConnection;
  readonly #timeouts: SmtpTimeouts;
  readonly #beforeDot: () => Promise<boolean>;
  readonly #end = Promise.withResolvers<AttemptResult>();
  #phase: SmtpPhase = 'envelope';
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  #asked: Promise<void> | undefined;

  constructor(
    connection: SMTPConnection,
    timeouts: SmtpTimeouts,
    beforeDot: () => Promise<boolean>,
  ) {
    this.#connection = connection;
    this.#timeouts = timeouts;
    this.#beforeDot = beforeDot;
  }

  async run(envelope: Envelope, message: Buffer, signal: AbortSignal): Promise<AttemptResult> {
    const onAbort = () => this.#fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#arm(ENVELOPE_COMMANDS * this.#timeouts.commandMs, 'no answer to the envelope in time');
    // Own objects: nodemailer keeps its bookkeeping in the envelope.
    this.#connection.send(
      { from: envelope.from, to: [envelope.to] },
      this.#source(message),
      (error, info) => {
        if (error) this.#fail(error);
        else if (this.#phase !== 'after-dot')
          this.#fail(new Error('the server answered before the message had ended'));
        else this.#finish(accepted(info?.response ?? ''));
      },
    );
    if (signal.aborted) onAbort();
    const result = await this.#end.promise;
    signal.removeEventListener('abort', onAbort);
    // The caller must not go on while its own marker is still being written.
    await this.#asked;
    return result;
  }

  /**
   * The message as a source that nodemailer pipes into its encoder once DATA was accepted. Not a
   * real stream, which costs more than the rest of a transmission and would need the same care: a
   * Transform's `flush` runs as soon as the input was taken in, perhaps before the server has even
   * answered MAIL.
   */
  #source(message: Buffer): Readable {
    const source = {
      pipe: (encoder: Writable) => {
        this.#phase = 'body';
        this.#arm(this.#timeouts.commandMs, 'the body was not taken in time');
        encoder.write(message, (error) => {
          if (error || this.#ended) return;
          this.#asked = this.#askForDot(() => encoder.end());
        });
      },
    };
    return source as unknown as Readable;
  }

  async #askForDot(release: () => void): Promise<void> {
    // The marker's time is the caller's: nothing here may give up while it is being written.
    this.#arm(0, '');
    if (this.#connection._socket) this.#connection._socket.setTimeout(0);
    let agreed: boolean;
    try {
      agreed = await this.#beforeDot();
    } catch (error) {
      return this.#fail(new OwnFault('the marker before the dot failed', { cause: error }));
    }
    if (this.#ended) return;
    if (!agreed) return this.#finish(WITHHELD);
    this.#phase = 'after-dot';
    this.#arm(this.#timeouts.afterDotMs, 'no answer to the final dot in time');
    release();
  }

  /** One total timer per phase; 0 takes it off. */
  #arm(ms: number, message: string): void {
    clearTimeout(this.#timer);
    if (ms > 0 && !this.#ended) this.#timer = setTimeout(() => this.#fail(new Error(message)), ms);
  }

  #fail(error: SMTPError): void {
    this.#finish(failed(error, this.#phase));
  }

  #finish(result: AttemptResult): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#end.resolve(result);
    // Closing also takes the message off the socket, so no dot can follow.
    if (result.outcome !== 'sent') this.#connection.close();
  }
}
