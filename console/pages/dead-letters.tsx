import { useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import type { DeadLetter, RedriveResult } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { orderIdIn, prettyJson } from '../model/event-text.ts';
import { formatNumber } from '../model/format.ts';
import { useAction, useLoad } from '../model/load.ts';
import { useSelection } from '../model/selection.ts';
import {
  DeadLetterPill,
  DeadLetterTable,
  Discard,
  DiscardLine,
} from '../parts/dead-letter-table.tsx';
import { HeadersTable, PlainText } from '../parts/letter-tabs.tsx';
import { Filters, ListPage, useFilter, usePageOf } from '../parts/list.tsx';
import { Loading, Notice, Problem } from '../parts/notices.tsx';
import { Button, Card, Page } from '../parts/page.tsx';
import { SelectionBar } from '../parts/selection-bar.tsx';
import { Fact, Id } from '../parts/values.tsx';
import { journey } from '../texts/journey.ts';
import { operator } from '../texts/operator.ts';

const FILTERS = ['dead', 'redriven', 'discarded', 'all'] as const;
// The service processes a hundred messages of up to 1 MB one after the other.
const REDRIVE_TIMEOUT_MS = 60_000;

/** Events that could not become letters. */
export function DeadLettersPage() {
  const texts = useTexts(operator).deadLetters;
  const { query } = useLocation();
  return (
    <Page title={texts.title} lead={texts.lead}>
      <Filters label={texts.state} filters={FILTERS} texts={texts.filters} parameter="state" />
      {/* Another list: what was chosen and done in the former one is over. */}
      <DeadLetters key={JSON.stringify(query)} />
    </Page>
  );
}

function DeadLetters() {
  const texts = useTexts(operator).deadLetters;
  const { api } = useConsole();
  const filter = useFilter(FILTERS, 'state');
  const loaded = usePageOf<DeadLetter>('/v1/operator/dead-letters', {
    state: filter === 'all' ? undefined : filter,
  });
  /** Those that this person did something to stay in the list, as they are now. */
  const [changed, setChanged] = useState<ReadonlyMap<string, DeadLetter>>(new Map());
  const keep = (letters: DeadLetter[]) =>
    setChanged((last) => new Map([...last, ...letters.map((each) => [each.id, each] as const)]));
  const rows = (loaded.data?.data ?? []).map((letter) => changed.get(letter.id) ?? letter);
  const selection = useSelection(rows.filter(isDead).map(({ id }) => id));
  const redrive = useAction(async ({ id }: DeadLetter) => {
    const answer = await api.send<DeadLetter>('POST', `${pathOf(id)}/redrive`);
    keep([answer.body]);
  });
  const discarded = async (ids: string[]) => {
    keep(await Promise.all(ids.map((id) => api.read<DeadLetter>(pathOf(id)))));
    selection.clear();
  };
  return (
    <>
      <RedriveAll onDone={loaded.reload} />
      <Problem problem={redrive.problem} />
      <Discard ids={selection.ids} onDone={discarded}>
        {(start, text) =>
          rows.some(isDead) && (
            <SelectionBar selection={selection}>
              <Button text={text} run={start} />
            </SelectionBar>
          )
        }
      </Discard>
      <ListPage loaded={loaded} none={filter === 'dead' ? texts.none.dead : texts.none.other}>
        {() => (
          <DeadLetterTable
            letters={rows}
            tried={changed}
            selection={selection}
            redrive={redrive.run}
            running={redrive.running}
          />
        )}
      </ListPage>
    </>
  );
}

const isDead = ({ state }: DeadLetter) => state === 'dead';
const pathOf = (id: string) => `/v1/operator/dead-letters/${encodeURIComponent(id)}`;

function RedriveAll({ onDone }: { onDone: () => void }) {
  const texts = useTexts(operator).deadLetters;
  const { api, language } = useConsole();
  const { run, running, problem, result } = useAction(async () => {
    const answer = await api.send<RedriveResult>('POST', '/v1/operator/dead-letters/redrive', {
      timeoutMs: REDRIVE_TIMEOUT_MS,
    });
    onDone();
    return answer.body;
  });
  const number = (value: number) => formatNumber(value, language);
  return (
    <>
      <div class="with-hint">
        <Button text={texts.redriveAll} disabled={running} run={run} />
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

/** One event that could not become a letter: its place in the topic, the error, its content. */
export function DeadLetterPage() {
  const texts = useTexts(operator).deadLetters;
  const { api } = useConsole();
  const id = useRoute().params.id ?? '';
  const letter = useLoad(id, (signal) => api.read<DeadLetter>(pathOf(id), { signal }));
  const {
    run,
    running,
    problem,
    result: redriven,
  } = useAction(async () => {
    const answer = await api.send<DeadLetter>('POST', `${pathOf(id)}/redrive`);
    letter.reload();
    return answer.body;
  });
  return (
    <Page title={texts.one}>
      <Loading loaded={letter}>
        {(data) => (
          <>
            <Summary letter={data} />
            {redriven === null && data.state === 'dead' && (
              <Notice tone="bad">
                {texts.error}: <bdi>{data.error}</bdi>
              </Notice>
            )}
            <Problem problem={problem} />
            {redriven !== null && (
              <Notice tone={redriven.state === 'redriven' ? 'good' : 'bad'}>
                {redriven.state === 'redriven' ? texts.became : texts.refused(redriven.error)}
              </Notice>
            )}
            <Discard ids={[data.id]} onDone={async () => letter.reload()}>
              {(start, text) =>
                data.state !== 'redriven' && (
                  <div class="actions">
                    <Button look="primary" text={texts.redrive} disabled={running} run={run} />
                    {data.state === 'dead' && <Button text={text} disabled={running} run={start} />}
                  </div>
                )
              }
            </Discard>
            <DiscardLine letter={data} />
            <Content letter={data} />
          </>
        )}
      </Loading>
    </Page>
  );
}

function Summary({ letter }: { letter: DeadLetter }) {
  const texts = useTexts(operator).deadLetters;
  const words = useTexts(journey);
  const { language } = useConsole();
  const orderId = orderIdIn(letter.value);
  return (
    <section class="card" aria-label={texts.one}>
      <dl class="facts">
        <Fact label={texts.state} quietLabel>
          <DeadLetterPill state={letter.state} />
        </Fact>
        <Fact label={words.place}>
          <code>{letter.topic}</code>, {words.placeOf(letter.partition, letter.offset)}
        </Fact>
        <Fact label={words.key}>
          {letter.key === null ? texts.noKey : <code>{letter.key}</code>}
        </Fact>
        <Fact label={texts.arrived} at={letter.createdAt} />
        <Fact label={texts.redrives}>{formatNumber(letter.redrives, language)}</Fact>
        <Fact label={texts.redrivenAt} at={letter.redrivenAt} />
        {orderId !== null && (
          <Fact label={texts.order}>
            <a href={`/operator/orders/${orderId}`}>
              <Id value={orderId} />
            </a>
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Content({ letter }: { letter: DeadLetter }) {
  const texts = useTexts(operator).deadLetters;
  const { headers, payload } = useTexts(journey);
  return (
    <div class="columns">
      <Card id="dead-value" title={payload}>
        {letter.value === null ? (
          <p class="quiet">{texts.noValue}</p>
        ) : (
          <PlainText text={prettyJson(letter.value)} />
        )}
      </Card>
      <Card id="dead-headers" title={headers}>
        {letter.headers.length === 0 ? (
          <p class="quiet">{texts.noHeaders}</p>
        ) : (
          <HeadersTable label={headers} headers={letter.headers} />
        )}
      </Card>
    </div>
  );
}
