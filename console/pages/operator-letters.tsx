import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { OperatorLetter } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction, useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { Filters, filterOf } from '../parts/filters.tsx';
import { Empty, Loading, Notice, Problem } from '../parts/notices.tsx';
import { OperatorLetterList } from '../parts/operator-letter-list.tsx';
import { Page } from '../parts/page.tsx';
import { Pager } from '../parts/pager.tsx';
import { ResendLetters } from '../parts/resend-letters.tsx';
import { operator } from '../texts/operator.ts';
import { isOnItsWay } from './letters.tsx';

const REFRESH_MS = 2_000;
// First what asks for somebody.
const FILTERS = ['failed', 'queued', 'sending', 'sent', 'all'] as const;

/** Letters of all customers by state. */
export function OperatorLettersPage() {
  const texts = useTexts(operator).letters;
  const { api } = useConsole();
  const { path, query } = useLocation();
  const { cursor } = query;
  const filter = filterOf(FILTERS, query.state);
  const letters = useLoad(
    `letters ${filter} ${cursor}`,
    (signal) =>
      api.read<PageOf<OperatorLetter>>('/v1/operator/letters', {
        query: { limit: 20, cursor, state: filter === 'all' ? undefined : filter },
        signal,
      }),
    ({ data }) => (data.some(({ state }) => isOnItsWay(state)) ? REFRESH_MS : null),
  );
  const [resent, setResent] = useState<OperatorLetter | null>(null);
  const resend = useAction(async (letter: OperatorLetter) => {
    setResent(null);
    const answer = await api.send<OperatorLetter>(
      'POST',
      `/v1/operator/letters/${letter.id}/resend`,
    );
    setResent(answer.body);
    letters.reload();
  });
  return (
    <Page title={texts.title}>
      <Filters
        label={texts.filter}
        filters={FILTERS}
        current={filter}
        texts={texts.filters}
        path={path}
        queryOf={(chosen) => (chosen === 'failed' ? {} : { state: chosen })}
      />
      {resend.problem !== null && <Problem problem={resend.problem} />}
      {resent !== null && (
        <Notice tone="good">
          {texts.again(resent.to ?? texts.unknownRecipient)}{' '}
          <a href={`/operator/letters/${resent.id}`}>{texts.open}</a>
        </Notice>
      )}
      {filter === 'failed' && <ResendLetters onResent={letters.reload} />}
      <Loading loaded={letters}>
        {({ data, nextCursor }) => (
          <>
            {data.length === 0 ? (
              <Empty title={filter === 'failed' ? texts.none.failed : texts.none.other} />
            ) : (
              <OperatorLetterList letters={data} onResend={resend.run} resending={resend.running} />
            )}
            <Pager nextCursor={nextCursor} />
          </>
        )}
      </Loading>
    </Page>
  );
}
