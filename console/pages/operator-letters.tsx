import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { LetterPreview, OperatorLetter } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { type Loaded, useAction, useLoad } from '../model/load.ts';
import { isUnsettled, LetterList, LetterView } from '../parts/letter.tsx';
import { LetterFrame } from '../parts/letter-tabs.tsx';
import { Filters, ListPage, useFilter, usePageOf } from '../parts/list.tsx';
import { Loading, Notice, Problem } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { ResendLetters } from '../parts/resend-letters.tsx';
import { Fact } from '../parts/values.tsx';
import { common } from '../texts/common.ts';
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
  const resend = useAction(async ({ id }: OperatorLetter) => {
    const answer = await api.send<OperatorLetter>('POST', `/v1/operator/letters/${id}/resend`);
    letters.reload();
    return answer.body;
  });
  const resent = resend.result;
  const resendButton = (letter: OperatorLetter) =>
    letter.state === 'failed' ? (
      <Button
        text={texts.resend}
        label={texts.resendThis(letter.to ?? letter.id)}
        disabled={resend.running}
        run={() => resend.run(letter)}
      />
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

const RESEND_REFRESH_MS = 1_000;

const addressOf = (id: string) => `/v1/operator/letters/${encodeURIComponent(id)}`;

/** One letter of any customer, with resend and preview. */
export function OperatorLetterPage() {
  const texts = useTexts(operator).letters;
  const { kinds } = useTexts(customer).letters;
  const { api } = useConsole();
  const id = useRoute().params.id ?? '';
  /** The number of the last attempt before a resend; null without a resend. */
  const [since, setSince] = useState<number | null>(null);
  const letter = useLoad(
    id,
    (signal) => api.read<OperatorLetter>(addressOf(id), { signal }),
    // An attempt is recorded a moment after the state that it led to.
    (data) => (isUnsettled(data) || isAwaited(data, since) ? RESEND_REFRESH_MS : null),
  );
  const title = letter.data === null ? texts.letter : kinds[letter.data.kind];
  return (
    <Page title={title}>
      <Loading loaded={letter}>
        {(data) => (
          <>
            <dl class="facts">
              <Fact label={texts.customer} code={data.customerId} />
            </dl>
            <Resend letter={data} reload={letter.reload} since={since} onAsked={setSince} />
            <LetterView letter={data} orderHref={`/operator/orders/${data.orderId}`} />
            <Preview id={data.id} />
          </>
        )}
      </Loading>
    </Page>
  );
}

/** The API lists the latest 50 attempts, so their count does not show a new one. */
const lastAttemptOf = ({ attempts }: OperatorLetter) => attempts.at(-1)?.number ?? 0;

/** Whether the attempt of the resend is not recorded yet. */
function isAwaited(letter: OperatorLetter, since: number | null): boolean {
  return since !== null && letter.state !== 'sent' && lastAttemptOf(letter) <= since;
}

function Resend(props: {
  letter: OperatorLetter;
  reload: Loaded<unknown>['reload'];
  since: number | null;
  onAsked: (since: number) => void;
}) {
  const texts = useTexts(operator).letters;
  const { api } = useConsole();
  const { letter, reload, since, onAsked } = props;
  const { run, running, problem } = useAction(async () => {
    const before = lastAttemptOf(letter);
    await api.send<OperatorLetter>('POST', `${addressOf(letter.id)}/resend`);
    onAsked(before);
    reload();
  });
  return (
    <>
      <Problem problem={problem} />
      {since !== null && <ResendOutcome letter={letter} tried={!isAwaited(letter, since)} />}
      {(letter.state === 'failed' || letter.state === 'queued') && (
        <p>
          <Button look="primary" text={texts.resend} disabled={running} run={run} />
        </p>
      )}
    </>
  );
}

function ResendOutcome({ letter, tried }: { letter: OperatorLetter; tried: boolean }) {
  const texts = useTexts(operator).letters;
  if (letter.state === 'sent') return <Notice tone="good">{texts.arrived}</Notice>;
  if (!tried) return <Notice tone="wait">{texts.trying}</Notice>;
  return (
    <Notice tone="bad">
      {texts.failedAgain} <bdi>{letter.reason}</bdi>
    </Notice>
  );
}

/** The letter that a resend would send, with the customer's present address and language. */
function Preview({ id }: { id: string }) {
  const texts = useTexts(operator).letters;
  const { languages } = useTexts(common);
  const { api } = useConsole();
  const [preview, setPreview] = useState<LetterPreview | null>(null);
  const { run, running, problem } = useAction(async () => {
    setPreview(await api.read<LetterPreview>(`${addressOf(id)}/preview`));
  });
  if (preview === null) {
    return (
      <>
        <Problem problem={problem} />
        <p>
          <Button text={texts.preview} disabled={running} run={run} />
        </p>
      </>
    );
  }
  return (
    <section class="card letter" aria-labelledby="letter-preview">
      <div class="section-head">
        <h2 id="letter-preview">{texts.preview}</h2>
        <Button look="plain" text={texts.previewHide} run={() => setPreview(null)} />
      </div>
      <p class="letter-subject">
        <bdi>{preview.subject}</bdi>
      </p>
      <p class="quiet">{texts.previewLead(preview.to, languages[preview.locale])}</p>
      <LetterFrame html={preview.html} title={texts.previewFrame} />
    </section>
  );
}
