import type { PublicOrder } from '#contracts/gateway.ts';
import { orderNumberOf } from '#contracts/order-number.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { moneyCell } from '../model/csv.ts';
import { type ListQuery, useRecords } from '../model/records.ts';
import { useOrderColumns } from '../parts/order-columns.tsx';
import { Page } from '../parts/page.tsx';
import { type CsvColumn, RecordExport } from '../parts/record-export.tsx';
import {
  type Filter,
  RecordFilters,
  useListQuery,
  useServerSort,
} from '../parts/record-filters.tsx';
import { RecordList } from '../parts/record-list.tsx';
import { operatorLists } from '../texts/operator-lists.ts';
import { records } from '../texts/records.ts';

const PATH = '/v1/operator/orders';

/** Orders of all customers. */
export function OperatorOrderListPage() {
  const texts = useTexts(operatorLists).orders;
  const { customerHint } = useTexts(records);
  const filters: Filter[] = [
    { name: 'status', values: ['Pending', 'Paid', 'Cancelled'] },
    { name: 'reason', values: ['insufficient-funds', 'voided'] },
    { name: 'customer', hint: customerHint },
    { name: 'from' },
    { name: 'until' },
    { name: 'min' },
    { name: 'max' },
  ];
  const { values, query, violations } = useListQuery(filters);
  const sorted = { ...query, ...useServerSort() };
  return (
    <Page
      title={texts.title}
      lead={texts.lead}
      actions={
        <a class="button" href="/operator/pending">
          {texts.pending}
        </a>
      }
    >
      <RecordFilters filters={filters} values={values} violations={violations} />
      {violations === null && <Orders query={sorted} />}
    </Page>
  );
}

function Orders({ query }: { query: ListQuery }) {
  const texts = useTexts(operatorLists).orders;
  return (
    <>
      <RecordExport
        key={JSON.stringify(query)}
        name="orders"
        path={PATH}
        query={query}
        columns={useCsvColumns()}
      />
      <RecordList
        label={texts.title}
        list={useRecords<PublicOrder>('orders', PATH, query)}
        columns={useOrderColumns()}
        keyOf={({ id }) => id}
        none={texts.none}
        noneHint={texts.noneHint}
      />
    </>
  );
}

function useCsvColumns(): CsvColumn<PublicOrder>[] {
  const texts = useTexts(operatorLists).orders;
  const { values } = useTexts(records);
  const { language } = useConsole();
  return [
    { label: language === 'ru' ? '№' : 'No.', value: ({ id }) => orderNumberOf(id) },
    { label: texts.at, value: ({ createdAt }) => createdAt },
    { label: texts.status, value: ({ status }) => values[status] ?? status },
    {
      label: texts.reason,
      value: ({ statusReason }) => statusReason && (values[statusReason] ?? statusReason),
    },
    { label: texts.total, value: ({ total }) => moneyCell(total) },
    { label: texts.currency, value: ({ total }) => total.currency },
    { label: texts.items, value: ({ items }) => items.length },
    { label: texts.customer, value: ({ customerId }) => customerId },
    { label: texts.operation, value: ({ payment }) => payment?.operationId ?? null },
    { label: texts.ended, value: ({ updatedAt }) => updatedAt },
    { label: texts.id, value: ({ id }) => id },
  ];
}
