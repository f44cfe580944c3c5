import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { DeadLetter, RedriveResult } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { useAction, useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { Filters, filterOf } from '../parts/filters.tsx';
import { Empty, Loading, Notice, Problem } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { Pager } from '../parts/pager.tsx';
import { Moment, Pill } from '../parts/values.tsx';
import { journey } from '../texts/journey.ts';
import { operator } from '../texts/operator.ts';

const FILTERS = ['dead', 'redriven', 'all'] as const;
// A message may have 1 MB, and a hundred of them are read one after the other.
const REDRIVE_TIMEOUT_MS = 60_000;

/** Events that could not become letters. */
export function DeadLettersPage() {
  const texts = useTexts(operator).deadLetters;
  const { api } = useConsole();
  const { path, query } = useLocation();
  const { cursor } = query;
  const filter = filterOf(FILTERS, query.state);
  const letters = useLoad(`dead letters ${filter} ${cursor}`, (signal) =>
    api.read<PageOf<DeadLetter>>('/v1/operator/dead-letters', {
      query: { limit: 20, cursor, state: filter === 'all' ? undefined : filter },
      signal,
    }),
  );
  return (
    <Page title={texts.title} lead={texts.lead}>
      <RedriveAll onDone={letters.reload} />
      <Filters
        label={texts.filter}
        filters={FILTERS}
        current={filter}
        texts={texts.filters}
        path={path}
        queryOf={(chosen) => (chosen === 'dead' ? {} : { state: chosen })}
      />
      <Loading loaded={letters}>
        {({ data, nextCursor }) => (
          <>
            {data.length === 0 ? (
              <Empty title={filter === 'dead' ? texts.none.dead : texts.none.other} />
            ) : (
              <DeadLetterList letters={data} />
            )}
            <Pager nextCursor={nextCursor} />
          </>
        )}
      </Loading>
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
      {problem !== null && <Problem problem={problem} />}
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
  const { redrives: redrivesWord } = useTexts(operator).deadLetters;
  return (
    <ul class="rows wrapping">
      {letters.map(({ id, error, state, createdAt, topic, partition, offset, redrives }) => (
        <li key={id}>
          <a class="row" href={`/operator/dead-letters/${id}`}>
            <span class="row-main">{error}</span>
            <span class="row-side">
              <DeadLetterPill state={state} />
            </span>
            <span class="row-dim">
              <Moment at={createdAt} />
              {` · ${topic}, ${placeOf(partition, offset)}`}
              {redrives > 0 && ` · ${redrivesWord}: ${redrives}`}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}
