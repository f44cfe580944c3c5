import type { SMTPError } from 'nodemailer/lib/smtp-connection';
import type { Logger } from 'pino';
import { type AttemptResult, failed } from './attempt-result.ts';
import { openSmtpSession, type SmtpSession, type SmtpSettings } from './session.ts';

// Shorter than servers' own idle timeouts (a minute and more), so that we end it and not they.
const IDLE_CLOSE_MS = 30_000;
// Servers and balancers limit a connection's messages or age; a fresh one each 200 costs nothing.
const MESSAGES_PER_CONNECTION_MAX = 200;

/** A pool of SMTP connections. @param closing when aborted, it neither keeps nor opens connections */
export function createSessionPool(
  settings: SmtpSettings,
  closing: AbortSignal,
  log: Pick<Logger, 'debug'>,
) {
  const idle = new Map<SmtpSession, NodeJS.Timeout>();

  function takeIdle(): SmtpSession | undefined {
    // Takes the most recently used one, so that surplus connections reach their idle timeout.
    const session = [...idle.keys()].pop();
    if (session !== undefined) forget(session);
    return session;
  }

  function forget(session: SmtpSession): void {
    clearTimeout(idle.get(session));
    idle.delete(session);
  }

  function keep(session: SmtpSession): void {
    if (!session.alive) return;
    if (closing.aborted || session.accepted >= MESSAGES_PER_CONNECTION_MAX) {
      void session.quit();
      return;
    }
    const timer = setTimeout(() => {
      idle.delete(session);
      void session.quit();
    }, IDLE_CLOSE_MS);
    idle.set(session, timer.unref());
  }

  return {
    /**
     * Transmits over a kept connection or a new one. `transmit` runs a second time when the kept
     * connection proves stale.
     */
    async use(transmit: (session: SmtpSession) => Promise<AttemptResult>): Promise<AttemptResult> {
      const transmitAndKeep = async (session: SmtpSession) => {
        const result = await transmit(session);
        if (result.outcome === 'sent') keep(session);
        return result;
      };
      const kept = takeIdle();
      if (kept !== undefined) {
        const result = await transmitAndKeep(kept);
        if (!wasStale(result) || closing.aborted) return result;
        log.debug('kept SMTP connection was stale, opening another');
      }
      let session: SmtpSession;
      try {
        session = await openSmtpSession(settings, closing);
      } catch (error) {
        // The handshake says nothing about this letter: not even a 5xx ends it.
        return failed(error as SMTPError, 'handshake');
      }
      session.onEnd(() => forget(session));
      return transmitAndKeep(session);
    },
    /** Quits idle connections. */
    async close(): Promise<void> {
      const sessions = [...idle.keys()];
      await Promise.allSettled(
        sessions.map((session) => {
          forget(session);
          return session.quit();
        }),
      );
    },
  };
}

/** A kept connection that the server had ended meanwhile: the letter was not even begun. */
function wasStale({ outcome, stage, response }: AttemptResult): boolean {
  if (outcome === 'withheld' || stage !== 'envelope') return false;
  return response === null || response.startsWith('421');
}
