import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { onStoredElsewhere } from './browser-storage.ts';
import type { ServerConfig } from './context.ts';
import { renewAtIssuer, signOutAtIssuer } from './issuer.ts';
import { endSession, renewSession, startEnding } from './own-session.ts';
import { keepAlive, type Renew, renewInTurn } from './renewal.ts';
import { forgetRenewal } from './renewal-record.ts';
import { isRenewable, parseSession, readSession, type Session, storeSession } from './session.ts';

/** Why the session is not as usual; the sign-in page or the frame says so. */
export type SessionEnd =
  /** It ended by itself. */
  | 'expired'
  /** The same, but the page stays, because something is typed into it. */
  | 'lapsed'
  /** It was ended here, but not at the issuer. */
  | 'only-here';

interface SessionState {
  session: Session | null;
  end: SessionEnd | null;
}

/** The session, the same in all tabs. */
export function useSession(config: ServerConfig | null) {
  const [state, setState] = useState<SessionState>(() => ({
    session: readSession(Date.now()),
    end: null,
  }));
  const { session, end } = state;
  // Of the latest render, for work that outlives it.
  const latest = useRef({ session, config });
  latest.current = { session, config };
  const isTyped = useTyped();
  const change = useCallback((next: Session | null, reason: SessionEnd | null = null) => {
    storeSession(next);
    setState({ session: next, end: reason });
  }, []);
  const expire = useCallback(() => change(null, 'expired'), []);
  const finish = useCallback(() => {
    const isKept = latest.current.config?.issuer && isTyped();
    if (isKept) setState((last) => ({ ...last, end: 'lapsed' }));
    else expire();
  }, []);
  const renew = useRenew(latest, setState);

  useEffect(() => {
    return onStoredElsewhere('session', (text) =>
      setState({ session: parseSession(text, Date.now()), end: null }),
    );
  }, []);
  useEffect(startEnding, []);
  useEffect(() => {
    if (session === null || config === null || end !== null) return;
    const stop = new AbortController();
    const { issuer } = config;
    const { signal } = stop;
    const renewThis = () => renew(session);
    void keepAlive({ session, issuer, renew: renewThis, isTyped, onEnd: finish, signal });
    return () => stop.abort();
  }, [session, config, end]);

  const authorize = useCallback(async (refused?: string): Promise<string | null> => {
    const given = latest.current.session;
    if (given === null) return null;
    const isDue = given.token === refused || given.expiresAt <= Date.now();
    const next = isDue && isRenewable(given) ? await renew(given) : null;
    return (next ?? given).token;
  }, []);
  const signIn = (next: Session) => change(next);
  const signOut = async () => {
    const issuer = config?.issuer ?? null;
    const issued = session?.issued;
    change(null);
    // Before any wait: the tab may be closed meanwhile, and the API must still learn the end.
    if (session !== null && config?.signIn === 'password') endSession(session);
    await forgetRenewal();
    if (issuer === null || issued === undefined) return;
    const isLeaving = await signOutAtIssuer(issuer, issued.idToken).catch(() => false);
    if (!isLeaving) change(null, 'only-here');
  };
  return { session, end, signIn, signOut, expire, finish, authorize };
}

/** Where a session is renewed; null where only a new sign-in helps. */
function renewalOf({ issuer, signIn }: ServerConfig): Renew | null {
  if (issuer !== null) return (issued) => renewAtIssuer(issuer, issued);
  return signIn === 'password' ? renewSession : null;
}

/** One renewal at a time in this tab. It rejects without an answer. */
function useRenew(
  latest: { current: { session: Session | null; config: ServerConfig | null } },
  setState: (state: SessionState) => void,
): (given: Session) => Promise<Session | null> {
  const running = useRef<Promise<Session | null> | null>(null);

  async function renew(given: Session): Promise<Session | null> {
    const { config } = latest.current;
    const way = config && renewalOf(config);
    if (config === null || way === null) return null;
    const next = await renewInTurn(way, config.operator, given);
    // It is stored already: to store it again could replace a newer one of another tab.
    if (latest.current.session?.token === given.token) setState({ session: next, end: null });
    return next;
  }

  return useCallback((given) => {
    running.current ??= renew(given).finally(() => {
      running.current = null;
    });
    return running.current;
  }, []);
}

/** Whether a person has typed something since the page at this address was opened. */
function useTyped(): () => boolean {
  const address = useRef<string | null>(null);
  useEffect(() => {
    const note = () => {
      address.current = location.href;
    };
    document.addEventListener('input', note);
    return () => document.removeEventListener('input', note);
  }, []);
  return useCallback(() => address.current === location.href, []);
}
