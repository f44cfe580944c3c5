import { useState } from 'preact/hooks';
import type { DeadLetter, RedriveResult } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { useAction } from '../model/load.ts';
import { Filters, useFilter } from '../parts/filters.tsx';
import { ListPage, Rows, usePageOf } from '../parts/list.tsx';
import { Notice, Problem } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { Moment, Pill } from '../parts/values.tsx';
import { journey } from '../texts/journey.ts';
import { operator } from '../texts/operator.ts';

const FILTERS = ['dead', 'redriven', 'all'] as const;
// The service processes a hundred messages of up to 1 MB one after the other.
const REDRIVE_TIMEOUT_MS = 60_000;

/** Events that could not become letters. */
export function DeadLettersPage() {
  const texts = useTexts(operator).deadLetters;
  const filter = useFilter(FILTERS, 'state');
  const letters = usePageOf<DeadLetter>('/v1/operator/dead-letters', {
    state: filter === 'all' ? undefined : filter,
  });
  return (
    <Page title={texts.title} lead={texts.lead}>
      <RedriveAll onDone={letters.reload} />
      <Filters label={texts.filter} filters={FILTERS} texts={texts.filters} parameter="state" />
      <ListPage loaded={letters} none={filter === 'dead' ? texts.none.dead : texts.none.other}>
        {(data) => <DeadLetterList letters={data} />}
      </ListPage>
    </Page>
  );
}

function RedriveAll({ onDone }: { onDone: () => void }) {
  const texts = useTexts(operator).deadLetters;
  const { api, language } = useConsole();
  const [result, setResult] = useState<RedriveResult | null>(null);
  const { run, running, problem } = useAction(async () => {
    setResult(null);
    const answer = await api.send<RedriveResult>('POST', '/v1/operator/dead-letters/redrive', {
      timeoutMs: REDRIVE_TIMEOUT_MS,
    });
    setResult(answer.body);
    onDone();
  });
  const number = (value: number) => formatNumber(value, language);
  return (
    <>
      <div class="with-hint">
        <button type="button" disabled={running} onClick={run}>
          {texts.redriveAll}
        </button>
        <p class="hint">{texts.redriveAllHint}</p>
      </div>
      <Problem problem={problem} />
      {result !== null && (
        <Notice tone={result.dead === 0 ? 'good' : 'wait'}>
          {texts.result(number(result.redriven), number(result.refused), number(result.dead))}
        </Notice>
      )}
    </>
  );
}

export function DeadLetterPill({ state }: { state: DeadLetter['state'] }) {
  const { states } = useTexts(operator).deadLetters;
  return <Pill tone={state === 'dead' ? 'bad' : 'good'}>{states[state]}</Pill>;
}

function DeadLetterList({ letters }: { letters: DeadLetter[] }) {
  const { placeOf } = useTexts(journey);
  const texts = useTexts(operator).deadLetters;
  const rows = letters.map(
    ({ id, error, state, createdAt, topic, partition, offset, redrives }) => ({
      key: id,
      href: `/operator/dead-letters/${id}`,
      main: error,
      side: <DeadLetterPill state={state} />,
      dim: (
        <>
          <Moment at={createdAt} />
          {` · ${topic}, ${placeOf(partition, offset)}`}
          {redrives > 0 && ` · ${texts.redrives}: ${redrives}`}
        </>
      ),
    }),
  );
  return <Rows rows={rows} wrapping />;
}
