import { useEffect } from 'preact/hooks';
import type { OperatorLetter } from '#contracts/notifications.ts';
import { orderNumberOf } from '#contracts/order-number.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { moneyCell } from '../model/csv.ts';
import { letterPath, useLetterWatch } from '../model/letter-watch.ts';
import { untilVisible, useAction } from '../model/load.ts';
import { type ListQuery, type LoadedRecords, useRecords } from '../model/records.ts';
import { lastAttemptOf, rowsWith } from '../model/resend-outcome.ts';
import { useSelection } from '../model/selection.ts';
import { ChosenLetters } from '../parts/chosen-letters.tsx';
import { isUnsettled } from '../parts/letter.tsx';
import { useLetterColumns } from '../parts/letter-columns.tsx';
import { Filters, useFilter } from '../parts/list.tsx';
import { Problem } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { type CsvColumn, RecordExport } from '../parts/record-export.tsx';
import { type Filter, RecordFilters, useListQuery } from '../parts/record-filters.tsx';
import { RecordList } from '../parts/record-list.tsx';
import { ResendLetters } from '../parts/resend-letters.tsx';
import { customer } from '../texts/customer.ts';
import { letterRepair } from '../texts/letter-repair.ts';
import { operator } from '../texts/operator.ts';
import { operatorLists } from '../texts/operator-lists.ts';
import { records } from '../texts/records.ts';

const PATH = '/v1/operator/letters';
const REFRESH_MS = 2_000;
// The state that needs a person comes first.
const STATES = ['failed', 'queued', 'sending', 'sent', 'all'] as const;

/** Letters of all customers, found by their state and by other filters. */
export function OperatorLettersPage() {
  const texts = useTexts(operator).letters;
  const { state: stateLabel } = useTexts(customer).letters;
  const { customerHint } = useTexts(records);
  const state = useFilter(STATES, 'state');
  const filters: Filter[] = [
    // Only failed letters are acknowledged.
    ...(state === 'failed' ? [{ name: 'acknowledged', values: ['false', 'true'] } as const] : []),
    { name: 'failure' },
    { name: 'kind', values: ['happiness', 'grief'] },
    { name: 'customer', hint: customerHint },
    { name: 'from' },
    { name: 'until' },
    { name: 'min' },
    { name: 'max' },
  ];
  const { values, query, violations } = useListQuery(filters);
  const asked = { ...query, ...(state !== 'all' && { state }) };
  return (
    <Page title={texts.title}>
      <Filters
        label={stateLabel}
        filters={STATES}
        texts={texts.filters}
        parameter="state"
        keep={values as Record<string, string>}
      />
      <RecordFilters
        filters={filters}
        values={values}
        violations={violations}
        keep={state === 'failed' ? {} : { state }}
      />
      {violations === null && (
        // Another list: what was chosen and done in the former one is over.
        <Letters key={JSON.stringify(asked)} query={asked} filtered={Object.keys(values)} />
      )}
    </Page>
  );
}

function Letters({ query, filtered }: { query: ListQuery; filtered: string[] }) {
  const texts = useTexts(operator).letters;
  const repair = useTexts(letterRepair);
  const { api } = useConsole();
  const list = useRecords<OperatorLetter>('letters', PATH, query);
  useRefresh(list);
  const { watched, keep } = useLetterWatch();
  const { data } = list.loaded;
  const rows = rowsWith(data?.rows ?? [], watched);
  const selection = useSelection(rows.filter(isFailed).map(({ id }) => id));
  const resend = useAction(async (letter: OperatorLetter) => {
    const answer = await api.send<OperatorLetter>('POST', `${letterPath(letter.id)}/resend`);
    keep([{ letter: answer.body, since: lastAttemptOf(letter) }]);
  });
  const columns = useLetterColumns({
    watched,
    selection,
    action: (letter) =>
      (isFailed(letter) || letter.state === 'queued') && (
        <Button
          text={texts.resend}
          label={texts.resendThis(letter.address ?? letter.to ?? letter.id)}
          disabled={resend.running}
          run={() => resend.run(letter)}
        />
      ),
  });
  const csvColumns = useCsvColumns();
  const none = query.state === 'failed' ? texts.none.failed : texts.none.other;
  const shown = { ...list, loaded: { ...list.loaded, data: data && { ...data, rows } } };
  return (
    <>
      <Problem problem={resend.problem} />
      {query.state === 'failed' && filtered.every((name) => RESEND_FILTERS.includes(name)) && (
        <ResendLetters filter={pick(query, RESEND_FILTERS)} onResent={list.loaded.reload} />
      )}
      <RecordExport name="letters" path={PATH} query={query} columns={csvColumns} />
      {rows.length > 0 && <ChosenLetters rows={rows} selection={selection} keep={keep} />}
      <RecordList
        label={texts.title}
        list={shown}
        columns={columns}
        keyOf={({ id }) => id}
        none={filtered.length > 0 ? repair.none : none}
        noneHint={filtered.length > 0 ? repair.noneHint : undefined}
      />
    </>
  );
}

// Those that the resend of all matching letters takes too; times it asks for itself.
const RESEND_FILTERS = ['failure', 'kind'];

function pick(query: ListQuery, names: string[]): ListQuery {
  return Object.fromEntries(Object.entries(query).filter(([name]) => names.includes(name)));
}

const isFailed = ({ state }: OperatorLetter) => state === 'failed';

/** Reads the list again while the state of any of its letters is about to change. */
function useRefresh({ loaded }: LoadedRecords<OperatorLetter>) {
  const { data, reload } = loaded;
  useEffect(() => {
    if (data === null || !data.rows.some(isUnsettled)) return;
    const stop = new AbortController();
    const timer = setTimeout(() => void untilVisible(stop.signal).then(reload), REFRESH_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [data, reload]);
}

function useCsvColumns(): CsvColumn<OperatorLetter>[] {
  const { columns } = useTexts(letterRepair);
  const { orders } = useTexts(operatorLists);
  const { kinds, states, sentAt: sent } = useTexts(customer).letters;
  return [
    { label: columns.order, value: ({ orderId }) => orderNumberOf(orderId) ?? orderId },
    { label: columns.letter, value: ({ kind }) => kinds[kind] },
    { label: columns.state, value: ({ state }) => states[state] },
    { label: columns.failure, value: ({ reason }) => reason },
    { label: columns.failedAt, value: ({ failedAt }) => failedAt ?? null },
    { label: sent, value: ({ sentAt }) => sentAt },
    { label: columns.total, value: ({ total }) => (total === undefined ? null : moneyCell(total)) },
    { label: orders.currency, value: ({ total }) => total?.currency ?? null },
    { label: columns.customer, value: ({ customerId }) => customerId },
    { label: columns.address, value: ({ address, to }) => address ?? to },
  ];
}
