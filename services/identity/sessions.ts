import type { Logger } from 'pino';
import { identityProblems, type SessionTokens } from '#contracts/identity.ts';
import { AppError } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { AccessTokens } from './access-tokens.ts';
import { getAccount, type StoredAccount } from './accounts-store.ts';
import {
  hashOf,
  isSameHash,
  type RefreshToken,
  type RefreshTokens,
  readToken,
  writeToken,
} from './refresh-tokens.ts';
import * as store from './sessions-store.ts';

// After a lost answer the client sends the used token again. It gets the same answer for so long.
const GRACE_S = 30;
// Far more devices than a person has. More sessions would only help a thief to hide.
const SESSIONS_MAX = 100;
// Ended sessions show which client addresses are known (attempts.ts).
const ENDED_MAX = 100;
const ENDED_PAGE = 1_000;

export type Sessions = ReturnType<typeof createSessions>;

/** Sessions: they begin with a sign-in, go on by refresh tokens, and end at a sign-out. */
export function createSessions(options: {
  database: Database;
  tokens: Pick<AccessTokens, 'sign'>;
  refreshTokens: RefreshTokens;
  limits: store.SessionLimits;
  /** How long an access token lives. */
  tokenS: number;
  log: Logger;
}) {
  const { database, tokens, refreshTokens, limits, tokenS, log } = options;

  async function pairOf(
    account: Pick<StoredAccount, 'id' | 'role'>,
    token: RefreshToken,
  ): Promise<SessionTokens> {
    const access = await tokens.sign(account, token.sessionId);
    return { ...access, refreshToken: writeToken(token) };
  }

  /**
   * @returns the account of the session and its next token; the session when this ended it; null
   *   when it does not go on
   */
  async function rotate(given: RefreshToken) {
    const { sessionId: id } = given;
    const next = refreshTokens.next(given);
    const [from, to] = [hashOf(given.secret), hashOf(next.secret)];
    return database.transaction(async (tx) => {
      const found = await store.findSession(tx, id, GRACE_S);
      const isOurs = found !== null && isSameHash(found.familyHash, hashOf(given.family));
      if (!isOurs || found.isOver) return null;
      if (isSameHash(found.tokenHash, from)) {
        await store.rotateToken(tx, { id, from, to }, limits);
      } else if (found.isRecent && isSameHash(found.previousHash, from)) {
        if (!isSameHash(found.tokenHash, to)) await store.replaceToken(tx, id, to);
      } else {
        // A thief and the owner hold the same token, so both must sign in again.
        await store.endSession(tx, { id, accountId: found.accountId });
        log.warn({ sessionId: id }, 'a refresh token was used twice: its session is ended');
        return { ended: id };
      }
      return { account: { id: found.accountId, role: found.role }, next };
    });
  }

  return {
    /** Begins a session of an account whose password was right. */
    async start(account: StoredAccount, clientAddress: string): Promise<SessionTokens> {
      const token = refreshTokens.first();
      const session = {
        id: token.sessionId,
        accountId: account.id,
        familyHash: hashOf(token.family),
        tokenHash: hashOf(token.secret),
        clientHash: refreshTokens.clientHash(clientAddress),
      };
      const answer = await pairOf(account, token);
      await database.transaction(async (tx) => {
        await store.lockAccount(tx, account.id);
        const now = await getAccount(tx, account.id);
        if (now?.passwordHash !== account.passwordHash) {
          // It was changed while this sign-in checked the old one.
          throw new AppError(identityProblems.signInFailed, 'the password was changed meanwhile');
        }
        await store.insertSession(tx, session, limits);
        await store.endSurplusSessions(tx, account.id, SESSIONS_MAX);
        await store.deleteSurplusSessions(tx, account.id, { max: ENDED_MAX, tokenS });
      });
      return answer;
    },
    /**
     * Exchanges a refresh token for a new pair of tokens.
     * @throws AppError `session-ended`
     */
    async renew(text: string): Promise<SessionTokens> {
      const given = readToken(text);
      const renewed = given === null ? null : await rotate(given);
      if (renewed === null || 'ended' in renewed) {
        // The gateway refuses its access tokens at once.
        throw new AppError(identityProblems.sessionEnded, 'no such session', {
          extra: renewed ?? {},
        });
      }
      return await pairOf(renewed.account, renewed.next);
    },
    /** Ends one session; one that has ended already stays so. */
    async end(accountId: string, id: string): Promise<void> {
      await store.endSession(database, { id, accountId });
    },
    /** A page of sessions that have ended within so many seconds. */
    async listEnded(withinS: number, after?: string) {
      const page = { withinS, tokenS, after: after ?? null, limit: ENDED_PAGE };
      const sessions = await store.listEndedSessions(database, page);
      const next = sessions.length === ENDED_PAGE ? (sessions.at(-1) as string) : null;
      return { sessions, next };
    },
    /** Whether the account was signed in to at this client address before. */
    isKnownClient: (accountId: string | null, clientAddress: string): Promise<boolean> =>
      store.isKnownClient(database, accountId, refreshTokens.clientHash(clientAddress)),
  };
}
