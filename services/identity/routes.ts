import * as contract from '#contracts/identity.ts';
import { anyone, serve } from '#platform/http/server.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import type { AccessTokens } from './access-tokens.ts';
import { type AccountDeps, register, signIn } from './accounts.ts';
import { changePassword, type PasswordDeps, redeemReset, requestReset } from './change-password.ts';
import type { Sessions } from './sessions.ts';
import type { SignInWatch } from './sign-in-watch.ts';

// Short enough for a new key to be known soon, long enough to spare a reader's repeated looks.
const KEYS_CACHE_CONTROL = 'public, max-age=60';
const NO_STORE = { 'cache-control': 'no-store' };

interface RouteDeps extends Omit<AccountDeps, 'accounts' | 'attempts'>, PasswordDeps {
  accounts: AccountDeps['accounts'] & PasswordDeps['accounts'];
  sessions: Sessions;
  tokens: AccessTokens;
  watch: SignInWatch;
}

/** The internal API of identity (`contracts/identity.ts`). */
export function serveIdentity(api: InternalApi, deps: RouteDeps): void {
  api.serve(contract.createAccount, async ({ body }) => {
    const { customerId, created } = await deps.watch('lock-out-registration', body, () =>
      register(deps, body),
    );
    return { status: created ? 201 : 200, body: { customerId } };
  });

  api.serve(contract.createSession, async ({ body }) => {
    const tokens = await deps.watch('lock-out-sign-in', body, () => signIn(deps, body));
    return { status: 200, body: tokens, headers: NO_STORE };
  });

  api.serve(contract.rotateRefreshToken, async ({ body }) => {
    return { status: 200, body: await deps.sessions.renew(body.refreshToken), headers: NO_STORE };
  });

  api.serve(contract.endSession, async ({ body }) => {
    await deps.sessions.end(body.customerId, body.sessionId);
    return { status: 200, body: {} };
  });

  api.serve(contract.listEndedSessions, async ({ query }) => {
    return { status: 200, body: await deps.sessions.listEnded(query.withinS, query.after) };
  });

  servePasswords(api, deps);

  serve(api.app, contract.getKeys, { identify: anyone }, async () => {
    return {
      status: 200,
      body: await deps.tokens.getKeys(),
      headers: { 'cache-control': KEYS_CACHE_CONTROL },
    };
  });
}

function servePasswords(api: InternalApi, deps: RouteDeps): void {
  api.serve(contract.replacePassword, async ({ params, body }) => {
    const given = { ...body, customerId: params.customerId, sessionId: body.sessionId };
    return { status: 200, body: await changePassword(deps, given) };
  });

  api.serve(contract.createPasswordReset, async ({ body }) => {
    const token = await requestReset(deps, body);
    return { status: 200, body: { token }, headers: NO_STORE };
  });

  api.serve(contract.redeemResetToken, async ({ body }) => {
    return { status: 200, body: await redeemReset(deps, body) };
  });
}
