import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { Journey } from '#contracts/gateway.ts';
import type { LetterPreview, OperatorLetter } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { letterPath } from '../model/letter-watch.ts';
import { useAction, useLoad } from '../model/load.ts';
import { lastAttemptOf, outcomeOf } from '../model/resend-outcome.ts';
import { customerHref } from '../parts/customer-link.tsx';
import { isUnsettled, LetterView, tabOf } from '../parts/letter.tsx';
import { AcknowledgementLine, LetterOutcome } from '../parts/letter-outcome.tsx';
import { LetterFrame } from '../parts/letter-tabs.tsx';
import { Loading, Problem } from '../parts/notices.tsx';
import { Button, Card, Page } from '../parts/page.tsx';
import { ReasonDialog } from '../parts/reason-dialog.tsx';
import { Fact, Moment } from '../parts/values.tsx';
import { common } from '../texts/common.ts';
import { customer } from '../texts/customer.ts';
import { letterRepair } from '../texts/letter-repair.ts';
import { operator } from '../texts/operator.ts';

const AWAITED_REFRESH_MS = 1_000;
// The customer may correct the address at any moment, and then the letter goes by itself.
const FAILED_REFRESH_MS = 3_000;

/** How soon a letter may have changed; null where it stays as it is. */
function refreshMs(letter: OperatorLetter, since: number | null): number | null {
  if (letter.state === 'sent') return null;
  const awaited = since !== null && outcomeOf(letter, since) === 'waiting';
  return isUnsettled(letter) || awaited ? AWAITED_REFRESH_MS : FAILED_REFRESH_MS;
}

/** One letter of any customer: why it failed, what an operator and the customer can do, its text. */
export function OperatorLetterPage() {
  const texts = useTexts(operator).letters;
  const { kinds } = useTexts(customer).letters;
  const { api, language } = useConsole();
  const id = useRoute().params.id ?? '';
  /** The number of the last attempt before a resend; null without a resend. */
  const [since, setSince] = useState<number | null>(null);
  const letter = useLoad<OperatorLetter>(
    id,
    (signal, former) => api.read(letterPath(id), { signal, former }),
    (data) => refreshMs(data, since),
  );
  const title = letter.data === null ? texts.letter : kinds[letter.data.kind];
  return (
    <Page title={title} tab={tabOf(title, letter.data, language)}>
      <Loading loaded={letter}>
        {(data) => (
          <>
            <dl class="facts">
              <Fact label={texts.customer}>
                <a href={customerHref(data.customerId)}>
                  <bdi>{data.address ?? data.to ?? data.customerId}</bdi>
                </a>
              </Fact>
            </dl>
            <Repair letter={data} reload={letter.reload} since={since} onAsked={setSince} />
            <Resends letter={data} />
            {data.state === 'failed' && <AddressHelp letter={data} />}
            <LetterView letter={data} orderHref={`/operator/orders/${data.orderId}`} />
            <Preview id={data.id} />
          </>
        )}
      </Loading>
    </Page>
  );
}

/** What an operator can do about the letter, and what came of it. */
function Repair(props: {
  letter: OperatorLetter;
  reload: () => void;
  since: number | null;
  onAsked: (since: number) => void;
}) {
  const { letter, reload, since, onAsked } = props;
  const texts = useTexts(operator).letters;
  const repair = useTexts(letterRepair);
  const { api } = useConsole();
  const [asking, setAsking] = useState(false);
  const resend = useAction(async () => {
    const before = lastAttemptOf(letter);
    await api.send<OperatorLetter>('POST', `${letterPath(letter.id)}/resend`);
    onAsked(before);
    reload();
  });
  const acknowledge = useAction(async (reason: string) => {
    await api.call('acknowledgeLetters', { body: { letterIds: [letter.id], reason } });
    setAsking(false);
    reload();
  });
  const failed = letter.state === 'failed';
  return (
    <>
      <Problem problem={resend.problem} />
      {since !== null && <LetterOutcome letter={letter} since={since} />}
      <AcknowledgementLine letter={letter} />
      {(failed || letter.state === 'queued') && (
        <div class="actions">
          <Button look="primary" text={texts.resend} disabled={resend.running} run={resend.run} />
          {failed && !letter.acknowledged && !asking && (
            <Button text={repair.acknowledge} run={() => setAsking(true)} />
          )}
        </div>
      )}
      {failed && asking && (
        <ReasonDialog
          title={repair.acknowledge}
          confirm={repair.acknowledge}
          hint={repair.reasonHint}
          running={acknowledge.running}
          problem={<Problem problem={acknowledge.problem} />}
          onConfirm={acknowledge.run}
          onCancel={() => setAsking(false)}
        >
          <p>{repair.acknowledgeAsk('1')}</p>
        </ReasonDialog>
      )}
    </>
  );
}

/** Who can correct a wrong address, and what follows then. */
function AddressHelp({ letter }: { letter: OperatorLetter }) {
  const texts = useTexts(letterRepair).address;
  const address = letter.address ?? letter.to;
  return (
    <Card id="letter-address" title={texts.title}>
      <p>
        {texts.lead} {address !== null && texts.sentTo(address)}
      </p>
      <p>
        <a href={customerHref(letter.customerId)}>{texts.customer}</a>
      </p>
    </Card>
  );
}

/**
 * When the letter was sent again, and because of whom. The journey of its order knows it; only a
 * letter with more than one attempt can have been sent again.
 */
function Resends({ letter }: { letter: OperatorLetter }) {
  const texts = useTexts(letterRepair).address;
  const { api } = useConsole();
  const again = lastAttemptOf(letter) > 1 || letter.state === 'sending';
  const journey = useLoad(`${letter.id} ${letter.state} ${lastAttemptOf(letter)}`, (signal) =>
    again
      ? api.read<Journey>(`/v1/operator/orders/${letter.orderId}/journey`, { signal })
      : Promise.resolve(null),
  );
  const resends = journey.data?.resends ?? [];
  if (resends.length === 0) return null;
  return (
    <div role="status">
      {resends.map(({ at, by }) => (
        <p key={at}>
          {by === 'customer' ? texts.changed : texts.operator}: <Moment at={at} />
        </p>
      ))}
    </div>
  );
}

/** The letter that a resend would send, with the customer's present address and language. */
function Preview({ id }: { id: string }) {
  const texts = useTexts(operator).letters;
  const { languages } = useTexts(common);
  const { api } = useConsole();
  const [preview, setPreview] = useState<LetterPreview | null>(null);
  const { run, running, problem } = useAction(async () => {
    setPreview(await api.read<LetterPreview>(`${letterPath(id)}/preview`));
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
