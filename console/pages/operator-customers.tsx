import type { OperatorCustomer } from '#contracts/operator.ts';
import { useTexts } from '../model/context.ts';
import { moneyCell } from '../model/csv.ts';
import { type ListQuery, useRecords } from '../model/records.ts';
import { customerHref } from '../parts/customer-link.tsx';
import { Page } from '../parts/page.tsx';
import { RecordExport } from '../parts/record-export.tsx';
import { type Filter, RecordFilters, useListQuery } from '../parts/record-filters.tsx';
import { RecordList } from '../parts/record-list.tsx';
import type { Column } from '../parts/record-table.tsx';
import { Money } from '../parts/values.tsx';
import { common } from '../texts/common.ts';
import { operatorLists } from '../texts/operator-lists.ts';
import { records } from '../texts/records.ts';

const PATH = '/v1/operator/customers';

/** All customers; by id or address, the one that is meant. */
export function OperatorCustomersPage() {
  const texts = useTexts(operatorLists).customers;
  const { customerHint } = useTexts(records);
  const filters: Filter[] = [
    { name: 'customer', hint: customerHint, keepsEmail: true },
    { name: 'locale', values: ['ru', 'en'] },
    { name: 'confirmed', values: ['true', 'false'] },
  ];
  const { values, query, violations } = useListQuery(filters);
  const { customerId, ...others } = query;
  const isEmail = customerId?.includes('@');
  const asked = customerId ? { ...others, [isEmail ? 'email' : 'customerId']: customerId } : others;
  return (
    <Page title={texts.title} lead={texts.lead}>
      <RecordFilters filters={filters} values={values} violations={violations} />
      <Customers query={asked} />
    </Page>
  );
}

function Customers({ query }: { query: ListQuery }) {
  const texts = useTexts(operatorLists).customers;
  return (
    <>
      <RecordExport<OperatorCustomer>
        key={JSON.stringify(query)}
        name="customers"
        path={PATH}
        query={query}
        columns={[
          { label: texts.id, value: ({ customerId }) => customerId },
          { label: texts.name, value: ({ name }) => name },
          { label: texts.email, value: ({ email }) => email },
          { label: texts.locale, value: ({ locale }) => locale },
          { label: texts.balance, value: ({ balance }) => balance && moneyCell(balance) },
        ]}
      />
      <RecordList
        label={texts.title}
        list={useRecords<OperatorCustomer>('customers', PATH, query)}
        columns={useColumns()}
        keyOf={({ customerId }) => customerId}
        none={texts.none}
        noneHint={texts.noneHint}
      />
    </>
  );
}

function useColumns(): Column<OperatorCustomer>[] {
  const texts = useTexts(operatorLists).customers;
  const { languages } = useTexts(common);
  return [
    {
      name: 'name',
      label: texts.name,
      cell: ({ customerId, name }) => (
        <a href={customerHref(customerId)}>
          <bdi>{name}</bdi>
        </a>
      ),
      sort: ({ name }) => name,
    },
    {
      name: 'email',
      label: texts.email,
      cell: ({ email }) => <bdi>{email}</bdi>,
      sort: ({ email }) => email,
    },
    {
      name: 'locale',
      label: texts.locale,
      cell: ({ locale }) => languages[locale],
      sort: ({ locale }) => languages[locale],
    },
    {
      name: 'balance',
      label: texts.balance,
      number: true,
      cell: ({ balance }) => (balance === null ? texts.unknownBalance : <Money value={balance} />),
      sort: ({ balance }) => balance?.amount ?? null,
    },
    {
      name: 'id',
      label: texts.id,
      cell: ({ customerId }) => <code>{customerId}</code>,
      sort: ({ customerId }) => customerId,
    },
  ];
}
