import { type Issuer, leaveForIssuer } from './issuer.ts';
import { untilVisible } from './load.ts';
import { findRenewal, storeRenewal } from './renewal-record.ts';
import {
  type Credential,
  type Issued,
  isRenewable,
  type OperatorClaim,
  readSession,
  type Session,
  sessionOf,
  storeSession,
} from './session.ts';

// How a session goes on: by its refresh token, else by an external issuer's own session.

/**
 * Exchanges a refresh token for new tokens: at the API, or at an external issuer.
 * @returns null when the token is refused
 * @throws Error without an answer
 */
export type Renew = (issued: Issued) => Promise<Credential | null>;

const LOCK = 'orderbell.renewal';
const RETRY_MS = 5_000;
const LOOK_MS = 1_000;
// Tokens that live only seconds would send the browser to the issuer all the time.
const SILENT_BEFORE_MIN_MS = 1_500;
// setTimeout counts in 32 bits.
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * Renews the session by its refresh token. Tabs take turns, and store the result in their turn: a
 * session ends when a refresh token is used twice.
 * @returns the session that goes on, perhaps of another tab; without its refresh token when that is
 *   refused; null after a sign-out
 * @throws Error without an answer
 */
export function renewInTurn(
  renew: Renew,
  operator: OperatorClaim,
  session: Session,
): Promise<Session | null> {
  // At any age: whether it goes on is decided here.
  const readStored = () => readSession(0);
  return inTurn(async () => {
    const stored = readStored();
    if (stored !== null && (stored.token !== session.token || !isRenewable(stored))) return stored;
    if (session.issued === undefined) return null;
    const renewed = await findRenewal(session.token);
    if (renewed !== null) return renewed;
    const credential = await renew(session.issued);
    // The person may have signed out meanwhile.
    if (stored !== null && readStored()?.token !== stored.token) return readStored();
    const next = credential && sessionOf(withEmail(credential, session.email), operator);
    const isSame = next?.customerId === session.customerId;
    const result = isSame
      ? next
      : { ...session, issued: { ...session.issued, refreshToken: null } };
    storeSession(result);
    await storeRenewal(session.token, result);
    return result;
  });
}

/** Browsers have locks on https and localhost only. Elsewhere two tabs get the same answer twice. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? navigator.locks.request(LOCK, work) : work();
}

/** Renewals may come without an ID token, which has the address. */
function withEmail(credential: Credential, email: string): Credential {
  return { ...credential, email: credential.email || email };
}

interface KeepAliveOptions {
  session: Session;
  issuer: Issuer | null;
  /** @throws Error without an answer */
  renew: () => Promise<unknown>;
  /** Whether leaving the page would lose what a person has typed. */
  isTyped: () => boolean;
  onEnd: () => void;
  signal: AbortSignal;
}

/** Renews a session before its end, and reports the end of one that cannot be renewed. */
export async function keepAlive(options: KeepAliveOptions): Promise<void> {
  const { session, issuer, renew, onEnd, signal } = options;
  const { expiresAt, issued } = session;
  const isOver = !isRenewable(session) && issuer === null;
  if (issued === undefined || isOver) {
    if (await until(expiresAt, signal)) onEnd();
    return;
  }
  if (!(await until(issued.renewAt, signal))) return;
  if (!isRenewable(session) && issuer !== null) {
    return goOnAtIssuer(options, issuer, expiresAt - issued.renewAt);
  }
  // The next session aborts the signal. Without an answer the page stays, however long that takes.
  do await renew().catch(() => {});
  while (await until(Date.now() + RETRY_MS, signal));
}

/** Goes to the issuer and back, unless that loses what is typed into the page. */
async function goOnAtIssuer(
  { session, isTyped, onEnd, signal }: KeepAliveOptions,
  issuer: Issuer,
  beforeMs: number,
): Promise<void> {
  const { expiresAt } = session;
  const mustStay = () => beforeMs < SILENT_BEFORE_MIN_MS || isTyped();
  // There the person is signing in, or is just back from the issuer.
  const isSignIn = () => location.pathname === '/sign-in';
  while (isSignIn() || (mustStay() && Date.now() < expiresAt)) {
    if (!(await until(Date.now() + LOOK_MS, signal))) return;
  }
  if (mustStay()) return onEnd();
  await untilVisible(signal);
  if (signal.aborted) return;
  try {
    await leaveForIssuer(issuer, location.href.slice(location.origin.length), true);
  } catch {
    if (await until(expiresAt, signal)) onEnd();
  }
}

/** @returns false when the signal was aborted before that moment */
async function until(momentMs: number, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const ms = momentMs - Date.now();
    if (signal.aborted || ms <= 0) return !signal.aborted;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(end, Math.min(ms, TIMER_MAX_MS));
      function end() {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      }
      signal.addEventListener('abort', end);
    });
  }
}
