import type { PublicOrder } from '#contracts/gateway.ts';
import { useTexts } from '../model/context.ts';
import { operatorLists } from '../texts/operator-lists.ts';
import { records } from '../texts/records.ts';
import { CustomerLink } from './customer-link.tsx';
import { OrderNumber } from './order-number.tsx';
import type { Column } from './record-table.tsx';
import { Moment, Money, StatusPill } from './values.tsx';

/** The columns of lists of orders. */
export function useOrderColumns(): Column<PublicOrder>[] {
  const texts = useTexts(operatorLists).orders;
  const { values } = useTexts(records);
  return [
    {
      name: 'at',
      label: texts.at,
      cell: ({ createdAt }) => <Moment at={createdAt} />,
      sort: 'server',
    },
    {
      name: 'number',
      label: texts.number,
      cell: ({ id }) => (
        <a href={`/operator/orders/${id}`}>
          <OrderNumber id={id} />
        </a>
      ),
    },
    {
      name: 'status',
      label: texts.status,
      cell: ({ status, statusLabel, statusReason }) => (
        <>
          <StatusPill status={status} label={statusLabel} />
          {statusReason !== null && <span class="quiet"> {values[statusReason]}</span>}
        </>
      ),
      sort: ({ status, statusReason }) => `${values[status]} ${statusReason ?? ''}`,
    },
    {
      name: 'total',
      label: texts.total,
      number: true,
      cell: ({ total }) => <Money value={total} />,
      sort: ({ total }) => total.amount,
    },
    {
      name: 'items',
      label: texts.items,
      number: true,
      cell: ({ items }) => items.length,
      sort: ({ items }) => items.length,
    },
    {
      name: 'customer',
      label: texts.customer,
      cell: ({ customerId }) => <CustomerLink id={customerId} />,
      sort: ({ customerId }) => customerId,
    },
  ];
}
