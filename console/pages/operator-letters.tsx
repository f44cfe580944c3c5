import { useState } from 'preact/hooks';
import type { OperatorLetter } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction } from '../model/load.ts';
import { Filters, useFilter } from '../parts/filters.tsx';
import { isUnsettled, LetterList } from '../parts/letter-list.tsx';
import { ListPage, usePageOf } from '../parts/list.tsx';
import { Notice, Problem } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { ResendLetters } from '../parts/resend-letters.tsx';
import { customer } from '../texts/customer.ts';
import { operator } from '../texts/operator.ts';

const REFRESH_MS = 2_000;
// The state that needs a person comes first.
const FILTERS = ['failed', 'queued', 'sending', 'sent', 'all'] as const;

/** Letters of all customers by state. */
export function OperatorLettersPage() {
  const texts = useTexts(operator).letters;
  const { state: filterLabel } = useTexts(customer).letters;
  const { api } = useConsole();
  const filter = useFilter(FILTERS, 'state');
  const letters = usePageOf<OperatorLetter>(
    '/v1/operator/letters',
    { state: filter === 'all' ? undefined : filter },
    ({ data }) => (data.some(isUnsettled) ? REFRESH_MS : null),
  );
  const [resent, setResent] = useState<OperatorLetter | null>(null);
  const resend = useAction(async ({ id }: OperatorLetter) => {
    setResent(null);
    const answer = await api.send<OperatorLetter>('POST', `/v1/operator/letters/${id}/resend`);
    setResent(answer.body);
    letters.reload();
  });
  const resendButton = (letter: OperatorLetter) =>
    letter.state === 'failed' ? (
      <button
        type="button"
        disabled={resend.running}
        aria-label={texts.resendThis(letter.to ?? letter.id)}
        onClick={() => resend.run(letter)}
      >
        {texts.resend}
      </button>
    ) : undefined;
  return (
    <Page title={texts.title}>
      <Filters label={filterLabel} filters={FILTERS} texts={texts.filters} parameter="state" />
      <Problem problem={resend.problem} />
      {resent !== null && (
        <Notice tone="good">
          {texts.again(resent.to ?? texts.unknownRecipient)}{' '}
          <a href={`/operator/letters/${resent.id}`}>{texts.open}</a>
        </Notice>
      )}
      {filter === 'failed' && <ResendLetters onResent={letters.reload} />}
      <ListPage loaded={letters} none={filter === 'failed' ? texts.none.failed : texts.none.other}>
        {(data) => (
          <LetterList
            letters={data}
            path="/operator/letters"
            noRecipient={texts.unknownRecipient}
            showReasons
            action={resendButton}
          />
        )}
      </ListPage>
    </Page>
  );
}
