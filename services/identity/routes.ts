import * as contract from '#contracts/identity.ts';
import { anyone, serve } from '#platform/http/server.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import type { AccessTokens } from './access-tokens.ts';
import { type AccountDeps, register, signIn } from './accounts.ts';
import type { SignInWatch } from './sign-in-watch.ts';

// Short enough for a new key to be known soon, long enough to spare a reader's repeated looks.
const KEYS_CACHE_CONTROL = 'public, max-age=60';

/** The internal API of identity (`contracts/identity.ts`). */
export function serveIdentity(
  api: InternalApi,
  deps: AccountDeps & { tokens: AccessTokens; watch: SignInWatch },
): void {
  api.serve(contract.createAccount, async ({ body }) => {
    const { customerId, created } = await deps.watch('lock-out-registration', body, () =>
      register(deps, body),
    );
    return { status: created ? 201 : 200, body: { customerId } };
  });

  api.serve(contract.createSession, async ({ body }) => {
    return {
      status: 200,
      body: await deps.watch('lock-out-sign-in', body, () => signIn(deps, body)),
      headers: { 'cache-control': 'no-store' },
    };
  });

  serve(api.app, contract.getKeys, { identify: anyone }, async () => {
    return {
      status: 200,
      body: await deps.tokens.getKeys(),
      headers: { 'cache-control': KEYS_CACHE_CONTROL },
    };
  });
}
