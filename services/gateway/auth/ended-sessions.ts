import { startLoop } from '#platform/async/loop.ts';

/** The sessions whose access tokens this gateway refuses. */
export interface EndedSessions {
  has(sessionId: string): boolean;
  /** Refuses them from now on. */
  add(sessionIds: readonly string[]): void;
  /** Reads every few seconds which sessions have ended elsewhere. */
  startRefresh(): { close(): Promise<void> };
}

interface EndedSessionsOptions {
  /**
   * One page of the sessions that ended within so many seconds, by id.
   * @returns null where identity does not know the operation: an earlier version, without sessions
   */
  read: (
    withinS: number,
    after: string | undefined,
  ) => Promise<{ sessions: string[]; next: string | null } | null>;
  log: Parameters<typeof startLoop>[0]['log'];
  /** A monotonic clock. */
  nowMs?: () => number;
}

// Every gateway knows of an end within 5 s; a read may take part of that.
const REFRESH_MS = 3_000;
const RETRY = { firstMs: 500, maxMs: REFRESH_MS };
// An access token lives at most 15 minutes (TOKEN_LIFETIME_S), and 5 s more (access-token.ts).
const TOKEN_S = 910;
// Reads overlap: an end that was not yet committed at one read is in the next.
const OVERLAP_S = 15;
// About 20 MB. Only sessions with a valid token are listed, so a flood of sign-outs is bounded by
// the sign-ins of 15 minutes. Beyond it the oldest are forgotten.
const SESSIONS_MAX = 200_000;
const PAGES_MAX = SESSIONS_MAX / 1_000;

/**
 * Remembers ended sessions as long as their tokens are valid. While identity does not answer, tokens
 * stay accepted until they expire: orders must not depend on it.
 */
export function createEndedSessions(options: EndedSessionsOptions): EndedSessions {
  const { read, log, nowMs = () => performance.now() } = options;
  /** When each may be forgotten; the oldest first. */
  const ended = new Map<string, number>();
  let readAt = Number.NEGATIVE_INFINITY;

  function add(sessionIds: readonly string[]): void {
    const until = nowMs() + TOKEN_S * 1_000;
    for (const id of sessionIds) if (!ended.has(id)) ended.set(id, until);
    for (const [id, untilMs] of ended) {
      if (untilMs > nowMs() && ended.size <= SESSIONS_MAX) return;
      ended.delete(id);
    }
  }

  async function refresh(): Promise<void> {
    const startedAt = nowMs();
    const sinceS = Math.ceil((startedAt - readAt) / 1_000);
    const withinS = Math.min(TOKEN_S, sinceS + OVERLAP_S);
    let after: string | undefined;
    for (let number = 0; number < PAGES_MAX; number++) {
      const page = await read(withinS, after);
      if (page === null) return;
      add(page.sessions);
      if (page.next === null) break;
      after = page.next;
    }
    readAt = startedAt;
  }

  return {
    has: (sessionId) => ended.has(sessionId),
    add,
    startRefresh: () =>
      startLoop({
        name: 'ended sessions',
        log,
        retry: RETRY,
        async round() {
          await refresh();
          return REFRESH_MS;
        },
      }),
  };
}
