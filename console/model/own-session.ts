import { createClient, ProblemError } from '#client/client.ts';
import type { SessionTokens } from '#contracts/identity.ts';
import { readStored, store } from './browser-storage.ts';
import type { Credential, Issued, Session } from './session.ts';

// Sessions of the API itself: their renewal, and their end, which outlives a lost connection.

const TIMEOUT_MS = 10_000;
const RETRY_MS = 15_000;
// More sign-outs without a connection in between than a person makes.
const ENDING_MAX = 5;

/** A session that was signed out here, while the API does not know it yet. */
interface Ending {
  token: string;
  refreshToken: string | null;
}

// A new session may begin at any time, so each request names its own token.
const client = createClient({ baseUrl: '', timeoutMs: TIMEOUT_MS, deadlineMs: 0 });

/**
 * New tokens for a refresh token.
 * @returns null when the session has ended
 * @throws Error when the API does not answer
 */
export async function renewSession({ refreshToken }: Issued): Promise<Credential | null> {
  try {
    const { body } = await client.call('renewSession', {
      body: { refreshToken: refreshToken ?? '' },
    });
    return credentialOf(body, '');
  } catch (error) {
    // Other refusals, such as by a limit of a proxy, are no end of the session.
    if (error instanceof ProblemError && error.code === 'session-ended') return null;
    throw error;
  }
}

/** The tokens of an answer. An earlier version gives no refresh token. */
export function credentialOf(tokens: SessionTokens, email: string): Credential {
  const { accessToken: token, expiresIn, refreshToken = null } = tokens;
  const issued = refreshToken !== null && { issued: { refreshToken, idToken: null } };
  return { token, email, expiresIn, ...issued };
}

/** Ends a session at the API: now, or as soon as the API answers. */
export function endSession({ token, issued }: Session): void {
  const refreshToken = issued?.refreshToken ?? null;
  storeEndings([...readEndings(), { token, refreshToken }].slice(-ENDING_MAX));
  void endAll();
}

/** Goes on with sign-outs that have had no answer. @returns a function that stops it */
export function startEnding(): () => void {
  const again = () => void endAll();
  const timer = setInterval(again, RETRY_MS);
  addEventListener('online', again);
  again();
  return () => {
    clearInterval(timer);
    removeEventListener('online', again);
  };
}

let running = false;

async function endAll(): Promise<void> {
  if (running) return;
  running = true;
  try {
    for (let next = readEndings()[0]; next !== undefined; next = readEndings()[0]) {
      await endOne(next);
      const { token } = next;
      storeEndings(readEndings().filter((one) => one.token !== token));
    }
  } catch {
    // The API did not answer: the next round tries again.
  } finally {
    running = false;
  }
}

async function endOne({ token, refreshToken }: Ending): Promise<void> {
  if ((await signOut(token)) || refreshToken === null) return;
  // The access token has expired meanwhile.
  const renewed = await renewSession({ refreshToken, idToken: null });
  if (renewed !== null) await signOut(renewed.token);
}

/**
 * @returns false when the API refuses the token
 * @throws Error when it does not answer
 */
async function signOut(accessToken: string): Promise<boolean> {
  try {
    await client.call('signOut', { accessToken });
    return true;
  } catch (error) {
    if (error instanceof ProblemError) return false;
    throw error;
  }
}

function readEndings(): Ending[] {
  try {
    const found = JSON.parse(readStored('ending') ?? '[]') as unknown;
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

function storeEndings(endings: Ending[]): void {
  store('ending', endings.length === 0 ? null : JSON.stringify(endings));
}
