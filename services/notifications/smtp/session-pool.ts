import type { Logger } from 'pino';
import type { AttemptResult } from './attempt-result.ts';
import type { SmtpSession } from './session.ts';

// Shorter than servers' own idle timeouts (a minute and more), so that we end it and not they.
const IDLE_CLOSE_MS = 30_000;
// Servers and balancers limit a connection's messages or age; a fresh one each 200 costs nothing.
const MESSAGES_PER_CONNECTION_MAX = 200;

/**
 * A pool of connections to one server.
 * @param closing when aborted, it neither keeps nor opens connections
 */
export function createSessionPool(closing: AbortSignal, log: Pick<Logger, 'debug'>) {
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
     * @param use `fresh`: over a new one; `open` may return a result in place of a connection
     */
    async use<R extends AttemptResult | null>(use: {
      open: () => Promise<SmtpSession | R>;
      transmit: (session: SmtpSession) => Promise<AttemptResult>;
      fresh: boolean;
    }): Promise<AttemptResult | R> {
      const transmitAndKeep = async (session: SmtpSession) => {
        const result = await use.transmit(session);
        if (result.outcome === 'sent') keep(session);
        return result;
      };
      const kept = use.fresh ? undefined : takeIdle();
      if (kept !== undefined) {
        const result = await transmitAndKeep(kept);
        if (!wasStale(result) || closing.aborted) return result;
        log.debug('kept SMTP connection was stale, opening another');
      }
      const session = await use.open();
      if (session === null || !('transmit' in session)) return session;
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
