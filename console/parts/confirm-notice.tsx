import { useLocation } from 'preact-iso';
import type { Profile } from '#contracts/profiles.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction, useLoad } from '../model/load.ts';
import { confirm } from '../texts/confirm.ts';
import { Notice, Problem } from './notices.tsx';
import { Button } from './page.tsx';

// The link may be opened in another tab or on another device.
const REFRESH_MS = 10_000;

/** Asks a customer to confirm the address of letters, where it needs that. */
export function ConfirmNotice() {
  const { session, config } = useConsole();
  if (session === null || session.operator || config.confirmAddresses !== true) return null;
  return <Unconfirmed key={session.customerId} />;
}

function Unconfirmed() {
  const texts = useTexts(confirm);
  const { api } = useConsole();
  const { path } = useLocation();
  // Read again on each page: the profile may have another address now.
  const { data } = useLoad(
    `confirm ${path}`,
    (signal) => api.read<Profile>('/v1/profile', { signal }),
    (profile) => (profile.emailConfirmed === false ? REFRESH_MS : null),
  );
  const { run, running, problem, result } = useAction(async () => {
    const answer = await api.send<{ email: string }>('POST', '/v1/profile/confirmation');
    return answer.body.email;
  });
  if (data?.emailConfirmed !== false || path === '/confirm') return null;
  return (
    <Notice tone="wait">
      <p>{result === null ? texts.notice(data.email) : texts.sent(result)}</p>
      {result === null && <Button text={texts.again} run={() => run()} disabled={running} />}
      <Problem problem={problem} />
    </Notice>
  );
}
