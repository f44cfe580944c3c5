import type { SMTPError } from 'nodemailer/lib/smtp-connection';
import type { Logger } from 'pino';
import { createSlots } from '#platform/async/slots.ts';
import { type AttemptResult, failed } from './attempt-result.ts';
import { type BreakerOptions, CircuitBreaker, type Permit } from './circuit-breaker.ts';
import { type Envelope, openSmtpSession, type SmtpSession, type SmtpSettings } from './session.ts';
import { createSessionPool } from './session-pool.ts';

// Bounds the sign-ins that fail at once when the server begins to refuse them. A connection
// carries 200 letters, so four at a time still open more than any server takes.
const HANDSHAKES_MAX = 4;

export type Provider = ReturnType<typeof createProvider>;

/** One mail server: its connections and its circuit breaker. @param closing as of the pool */
export function createProvider(
  settings: SmtpSettings & { name: string },
  options: { closing: AbortSignal; log: Pick<Logger, 'debug'> } & BreakerOptions,
) {
  const { name } = settings;
  const { closing, log } = options;
  const breaker = new CircuitBreaker(options);
  const pool = createSessionPool(closing, log);
  const handshakes = createSlots(HANDSHAKES_MAX);
  const alone = createSlots(1);

  /** @returns a session, the fault, or null when the breaker opened meanwhile */
  async function open(permit: Permit): Promise<SmtpSession | AttemptResult | null> {
    if (!permit.valid()) return null;
    try {
      const session = await openSmtpSession(settings, closing);
      permit.connected();
      return session;
    } catch (error) {
      // The handshake says nothing about this letter: not even a 5xx ends it. The breaker learns
      // the fault before the next handshake begins.
      return report(permit, failed(error as SMTPError, 'handshake'));
    }
  }

  /** Until one handshake succeeded, the others wait for it: a wrong password is tried alone. */
  async function openInTurn(permit: Permit): Promise<SmtpSession | AttemptResult | null> {
    const first = await alone(async () => (breaker.proven ? 'proven' : await open(permit)));
    return first === 'proven' ? handshakes(() => open(permit)) : first;
  }

  function report(permit: Permit, result: AttemptResult): AttemptResult {
    const { blocking, error, response, stage } = result;
    if (result.fault === undefined) return result;
    if (blocking !== undefined) {
      const at = stage === 'handshake' ? stage : 'sender';
      permit.failed({ fault: blocking, at, reason: response || error || '' });
    } else if (response !== null) {
      permit.accepted();
    }
    return { ...result, provider: name };
  }

  return {
    name,
    admit: () => breaker.admit(),
    readiness: () => breaker.readiness(),
    view: () => breaker.view(),
    /** @returns null when the breaker opened before the attempt began */
    async send(
      permit: Permit,
      envelope: Envelope,
      message: Buffer,
      beforeDot: () => Promise<boolean>,
    ): Promise<AttemptResult | null> {
      const askBeforeDot = () => {
        // Not only at the end: the answer to the dot may take minutes, and others wait for a probe.
        permit.accepted();
        return beforeDot();
      };
      try {
        const result = await pool.use({
          open: () => openInTurn(permit),
          // A kept connection would prove nothing about new ones.
          fresh: permit.probe,
          transmit: (session) => session.transmit(envelope, message, askBeforeDot, closing),
        });
        return result && result.stage !== 'handshake' ? report(permit, result) : result;
      } finally {
        permit.ended();
      }
    },
    close: pool.close,
  };
}
