import { readStored, store } from './browser-storage.ts';

/** The signed-in person. */
export interface Session {
  token: string;
  customerId: string;
  operator: boolean;
  /** As typed at sign-in; from an external issuer, its claim or empty. */
  email: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** Absent for a token that was pasted, and from earlier versions. */
  issued?: Issued & { renewAt: number };
}

/** Tokens that came with the access token. */
export interface Issued {
  /** Null where it gives none, or takes the last one no more. */
  refreshToken: string | null;
  /** Names the session when it is ended at an external issuer. */
  idToken: string | null;
}

/** The claim of operators, from the settings of the gateway. */
export interface OperatorClaim {
  claim: string;
  value: string;
}

/** A token to sign in with. */
export interface Credential {
  token: string;
  /** As typed with the password; otherwise empty. */
  email: string;
  /** Seconds from now. Preferred to the token's `exp`, because this machine's clock may be wrong. */
  expiresIn?: number;
  issued?: Issued;
}

// A token is renewed this long before its end: background tabs run timers once a minute.
const RENEW_BEFORE_MS = 60_000;
// The server decides how long a token lives, so this bounds how often it is asked.
const RENEW_AFTER_MS = 1_000;

/**
 * Reads the claims of a token, for display only: the gateway verifies the token on every request.
 * @throws Error when it is no JWT
 */
export function sessionOf(
  { token, email, expiresIn, issued }: Credential,
  operatorClaim: OperatorClaim,
): Session {
  const part = token.split('.')[1];
  if (part === undefined) throw new Error('not a JWT');
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
    char.charCodeAt(0),
  );
  const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  const now = Date.now();
  const expiresAt =
    expiresIn === undefined ? Number(claims.exp ?? 0) * 1000 : now + expiresIn * 1000;
  const before = Math.min(RENEW_BEFORE_MS, (expiresAt - now) / 3);
  return {
    token,
    customerId: String(claims.sub ?? ''),
    operator: wordsOf(claims, operatorClaim.claim).includes(operatorClaim.value),
    email,
    expiresAt,
    ...(issued !== undefined && {
      issued: { ...issued, renewAt: Math.max(expiresAt - before, now + RENEW_AFTER_MS) },
    }),
  };
}

/** The words of a claim: a list, or a text separated by spaces. Dots lead into objects. */
function wordsOf(claims: Record<string, unknown>, path: string): string[] {
  let found: unknown = claims[path];
  if (found === undefined) {
    found = claims;
    for (const name of path.split('.')) found = (found as Record<string, unknown> | null)?.[name];
  }
  if (Array.isArray(found)) return found.map(String);
  return typeof found === 'string' ? found.split(' ') : [];
}

/** The session stored in this browser, null without one that is valid or can be renewed. */
export function readSession(now: number): Session | null {
  return parseSession(readStored('session'), now);
}

export function parseSession(text: string | null, now: number): Session | null {
  if (text === null) return null;
  try {
    const session = JSON.parse(text) as Session;
    const goesOn = session.expiresAt > now || isRenewable(session);
    return typeof session.token === 'string' && goesOn ? session : null;
  } catch {
    return null;
  }
}

export function isRenewable({ issued }: Session): boolean {
  return typeof issued?.refreshToken === 'string';
}

export function storeSession(session: Session | null): void {
  store('session', session === null ? null : JSON.stringify(session));
}
