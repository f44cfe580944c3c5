import { useLocation } from 'preact-iso';
import { orderNumberOf } from '#contracts/order-number.ts';
import type { ListedOperation } from '#contracts/wallet-lists.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { moneyCell } from '../model/csv.ts';
import { useLoad } from '../model/load.ts';
import { type ListQuery, type LoadedRecords, useRecords } from '../model/records.ts';
import { OperationList } from '../parts/operation-list.tsx';
import { Page } from '../parts/page.tsx';
import { type CsvColumn, RecordExport } from '../parts/record-export.tsx';
import { type Filter, RecordFilters, useListQuery } from '../parts/record-filters.tsx';
import type { OperationFound } from '../parts/reverse-top-up.tsx';
import { customer } from '../texts/customer.ts';
import { operatorLists } from '../texts/operator-lists.ts';
import { records } from '../texts/records.ts';

const PATH = '/v1/operator/operations';

/** Operations of all wallets, or the one that the address names. */
export function OperatorOperationsPage() {
  const { operation } = useLocation().query;
  return operation === undefined ? (
    <AllOperations />
  ) : (
    <OneOperation key={operation} id={operation} />
  );
}

function AllOperations() {
  const texts = useTexts(operatorLists).operations;
  const { customerHint, signHint } = useTexts(records);
  const filters: Filter[] = [
    { name: 'type', values: ['top_up', 'charge', 'reversal'] },
    { name: 'customer', hint: customerHint },
    { name: 'from' },
    { name: 'until' },
    { name: 'min', hint: signHint },
    { name: 'max' },
  ];
  const { values, query, violations } = useListQuery(filters);
  return (
    <Page title={texts.title} lead={texts.lead}>
      <RecordFilters filters={filters} values={values} violations={violations} />
      {violations === null && <Operations query={query} />}
    </Page>
  );
}

function Operations({ query }: { query: ListQuery }) {
  const texts = useTexts(operatorLists).operations;
  const list = useRecords<ListedOperation>('operations', PATH, query);
  return (
    <>
      <RecordExport
        key={JSON.stringify(query)}
        name="operations"
        path={PATH}
        query={query}
        columns={useCsvColumns()}
      />
      <OperationList
        list={list}
        none={texts.none}
        noneHint={texts.noneHint}
        onUndone={list.loaded.reload}
      />
    </>
  );
}

/** One operation and its reversal, as the search opens them. */
function OneOperation({ id }: { id: string }) {
  const texts = useTexts(operatorLists).operations;
  const { api } = useConsole();
  const found = useLoad(`operation ${id}`, (signal) =>
    api.read<OperationFound>(`${PATH}/${encodeURIComponent(id)}`, { signal }),
  );
  const { operation, reversal } = found.data ?? {};
  const rows = [reversal, operation].filter((each) => each != null);
  const list: LoadedRecords<ListedOperation> = {
    loaded: { ...found, data: found.data && { rows, more: false } },
    older: () => {},
    olderRuns: false,
    olderProblem: null,
  };
  return (
    <Page
      title={texts.title}
      lead={
        <>
          {texts.one}
          <a href="/operator/operations">{texts.all}</a>
        </>
      }
    >
      <OperationList list={list} none={texts.none} onUndone={found.reload} />
    </Page>
  );
}

function useCsvColumns(): CsvColumn<ListedOperation>[] {
  const texts = useTexts(operatorLists).operations;
  const { currency, number } = useTexts(operatorLists).orders;
  const { types } = useTexts(customer).wallet;
  return [
    { label: texts.at, value: ({ createdAt }) => createdAt },
    { label: texts.type, value: ({ type }) => types[type] },
    { label: texts.amount, value: ({ amount }) => moneyCell(amount) },
    { label: texts.balanceAfter, value: ({ balanceAfter }) => moneyCell(balanceAfter) },
    { label: currency, value: ({ amount }) => amount.currency },
    { label: texts.customer, value: ({ customerId }) => customerId },
    {
      label: `${texts.order}: ${number.toLowerCase()}`,
      value: ({ orderId }) => orderId && orderNumberOf(orderId),
    },
    { label: texts.order, value: ({ orderId }) => orderId },
    { label: texts.note, value: ({ reason }) => reason ?? null },
    { label: texts.madeBy, value: ({ madeBy }) => madeBy ?? null },
    { label: texts.reverses, value: ({ reversesOperationId }) => reversesOperationId ?? null },
    { label: texts.id, value: ({ id }) => id },
  ];
}
