import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { OperatorLetter, ResendResult } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import {
  LETTER_STATES,
  letterAddressOf,
  letterFilterIn,
  letterQueryOf,
} from '../model/letter-filter.ts';
import { letterPath, useLetterWatch } from '../model/letter-watch.ts';
import { type Loaded, useAction } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { lastAttemptOf, rowsWith } from '../model/resend-outcome.ts';
import { type Selection, useSelection } from '../model/selection.ts';
import { isUnsettled } from '../parts/letter.tsx';
import { LetterFilters } from '../parts/letter-filters.tsx';
import { LetterTable } from '../parts/letter-table.tsx';
import { Filters, ListPage, usePageOf } from '../parts/list.tsx';
import { Notice, Problem } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { ResendLetters } from '../parts/resend-letters.tsx';
import { ReasonForm, SelectionBar } from '../parts/selection-bar.tsx';
import { customer } from '../texts/customer.ts';
import { letterRepair } from '../texts/letter-repair.ts';
import { operator } from '../texts/operator.ts';

const REFRESH_MS = 2_000;

/** Letters of all customers, found by their state and by other filters. */
export function OperatorLettersPage() {
  const texts = useTexts(operator).letters;
  const { state: stateLabel } = useTexts(customer).letters;
  const { query } = useLocation();
  const { state: _, cursor: __, ...keep } = query;
  return (
    <Page title={texts.title}>
      <Filters
        label={stateLabel}
        filters={LETTER_STATES}
        texts={texts.filters}
        parameter="state"
        keep={keep}
      />
      <LetterFilters />
      {/* Another list: what was chosen and done in the former one is over. */}
      <Letters key={JSON.stringify(query)} />
    </Page>
  );
}

function Letters() {
  const texts = useTexts(operator).letters;
  const repair = useTexts(letterRepair);
  const { api, config } = useConsole();
  const filter = letterFilterIn(useLocation().query);
  const loaded = usePageOf<OperatorLetter>(
    '/v1/operator/letters',
    letterQueryOf(filter, config.currency),
    ({ data }) => (data.some(isUnsettled) ? REFRESH_MS : null),
  );
  const { watched, keep } = useLetterWatch();
  const shown = withRows(loaded, (data) => rowsWith(data, watched));
  const rows = shown.data?.data ?? [];
  const selection = useSelection(rows.filter(isFailed).map(({ id }) => id));
  const resend = useAction(async (letter: OperatorLetter) => {
    const since = lastAttemptOf(letter);
    const { body } = await api.send<OperatorLetter>('POST', `${letterPath(letter.id)}/resend`);
    keep([{ letter: body, since }]);
  });
  const plain = Object.keys(letterAddressOf(filter)).every((name) => name === 'state');
  const none = filter.state === 'failed' ? texts.none.failed : texts.none.other;
  return (
    <>
      <Problem problem={resend.problem} />
      {filter.state === 'failed' && plain && <ResendLetters onResent={loaded.reload} />}
      {rows.length > 0 && <Chosen rows={rows} selection={selection} keep={keep} />}
      <ListPage
        loaded={shown}
        none={plain ? none : repair.none}
        noneHint={plain ? undefined : repair.noneHint}
      >
        {(data) => (
          <LetterTable
            letters={data}
            watched={watched}
            selection={selection}
            action={(letter) =>
              (isFailed(letter) || letter.state === 'queued') && (
                <Button
                  text={texts.resend}
                  label={texts.resendThis(letter.address ?? letter.to ?? letter.id)}
                  disabled={resend.running}
                  run={() => resend.run(letter)}
                />
              )
            }
          />
        )}
      </ListPage>
    </>
  );
}

const isFailed = ({ state }: OperatorLetter) => state === 'failed';

/** A loaded page of a list with other rows. */
function withRows<T>(loaded: Loaded<PageOf<T>>, rows: (data: T[]) => T[]): Loaded<PageOf<T>> {
  const { data } = loaded;
  return { ...loaded, data: data && { ...data, data: rows(data.data) } };
}

/** What is done to the chosen letters. */
function Chosen(props: {
  rows: OperatorLetter[];
  selection: Selection;
  keep: ReturnType<typeof useLetterWatch>['keep'];
}) {
  const { rows, selection, keep } = props;
  const texts = useTexts(letterRepair);
  const { api, language } = useConsole();
  const [asking, setAsking] = useState(false);
  const chosen = rows.filter(({ id }) => selection.ids.includes(id));
  const number = (value: number) => formatNumber(value, language);
  /** The chosen letters as they are now. */
  const readAgain = () =>
    Promise.all(chosen.map(({ id }) => api.read<OperatorLetter>(letterPath(id))));
  const resend = useAction(async () => {
    acknowledge.reset();
    const body = { letterIds: selection.ids };
    const sent = await api.send<ResendResult>('POST', '/v1/operator/letters/resend', { body });
    const since = new Map(chosen.map((letter) => [letter.id, lastAttemptOf(letter)]));
    const letters = await readAgain();
    keep(letters.map((letter) => ({ letter, since: since.get(letter.id) ?? null })));
    selection.clear();
    return sent.body.resent;
  });
  const acknowledge = useAction(async (reason: string) => {
    resend.reset();
    const answer = await api.call('acknowledgeLetters', {
      body: { letterIds: selection.ids, reason },
    });
    const letters = await readAgain();
    keep(letters.map((letter) => ({ letter, since: null })));
    selection.clear();
    setAsking(false);
    return answer.body;
  });
  const running = resend.running || acknowledge.running;
  return (
    <>
      {rows.some(isFailed) && (
        <SelectionBar selection={selection}>
          <Button text={texts.resendSelected} disabled={running} run={resend.run} />
          <Button text={texts.acknowledge} disabled={running} run={() => setAsking(true)} />
        </SelectionBar>
      )}
      <Problem problem={resend.problem} />
      {resend.result !== null && (
        <Notice tone={resend.result === 0 ? 'wait' : 'good'}>
          {resend.result === 0 ? texts.resentNone : texts.resentSelected(number(resend.result))}
        </Notice>
      )}
      {asking && selection.ids.length > 0 && (
        <ReasonForm
          action={texts.acknowledge}
          ask={texts.acknowledgeAsk(number(selection.ids.length))}
          running={running}
          problem={acknowledge.problem}
          onSubmit={acknowledge.run}
          onCancel={() => setAsking(false)}
        />
      )}
      {acknowledge.result !== null && (
        <Notice tone={acknowledge.result.refused > 0 ? 'wait' : 'good'}>
          {texts.acknowledgedDone(number(acknowledge.result.acknowledged))}{' '}
          {acknowledge.result.refused > 0 &&
            texts.acknowledgedNone(number(acknowledge.result.refused))}
        </Notice>
      )}
    </>
  );
}
