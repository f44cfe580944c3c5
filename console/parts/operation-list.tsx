import { useState } from 'preact/hooks';
import type { OperatorOperation } from '#contracts/billing.ts';
import type { ListedOperation } from '#contracts/wallet-lists.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import type { LoadedRecords } from '../model/records.ts';
import { customer } from '../texts/customer.ts';
import { operatorLists } from '../texts/operator-lists.ts';
import { operatorWallet } from '../texts/operator-wallet.ts';
import { CustomerLink } from './customer-link.tsx';
import { Notice } from './notices.tsx';
import { OrderNumber } from './order-number.tsx';
import { Button } from './page.tsx';
import { RecordList } from './record-list.tsx';
import type { Column } from './record-table.tsx';
import { ReverseTopUp } from './reverse-top-up.tsx';
import { Id, Moment, Money } from './values.tsx';

/** Operations of wallets. A top-up can be undone from its row, with a reason. */
export function OperationList(props: {
  list: LoadedRecords<ListedOperation>;
  none: string;
  noneHint?: string;
  /** On the page of one customer: without the customer, and in the order of the API. */
  ofOne?: boolean;
  onUndone: () => void;
}) {
  const { list, none, noneHint, ofOne = false, onUndone } = props;
  const texts = useTexts(operatorWallet);
  const words = useTexts(operatorLists).operations;
  const { language } = useConsole();
  const [undoing, setUndoing] = useState<ListedOperation | null>(null);
  const [reversal, setReversal] = useState<OperatorOperation | null>(null);
  const rows = list.loaded.data?.rows ?? [];
  const undone = new Set(rows.map(({ reversesOperationId }) => reversesOperationId));
  const columns = useColumns({
    undone,
    onUndo: (operation) => {
      setReversal(null);
      setUndoing(operation);
    },
  });
  return (
    <>
      {reversal !== null && (
        <Notice tone="good">
          {texts.undone(
            // A reversal's amount is negative.
            formatMoney({ ...reversal.amount, amount: -reversal.amount.amount }, language),
            formatMoney(reversal.balanceAfter, language),
          )}
        </Notice>
      )}
      {undoing !== null && (
        <ReverseTopUp
          key={undoing.id}
          topUp={undoing}
          onCancel={() => setUndoing(null)}
          onDone={(made) => {
            setUndoing(null);
            setReversal(made);
            onUndone();
          }}
        />
      )}
      <RecordList
        label={words.title}
        list={list}
        columns={
          ofOne
            ? columns
                .filter(({ name }) => name !== 'customer')
                .map(({ sort: _, ...column }) => column)
            : columns
        }
        keyOf={({ id }) => id}
        none={none}
        noneHint={noneHint}
      />
    </>
  );
}

function useColumns(actions: {
  undone: Set<string | undefined>;
  onUndo: (operation: ListedOperation) => void;
}): Column<ListedOperation>[] {
  const texts = useTexts(operatorLists).operations;
  const { types } = useTexts(customer).wallet;
  return [
    {
      name: 'at',
      label: texts.at,
      cell: ({ createdAt }) => <Moment at={createdAt} />,
      sort: ({ createdAt }) => createdAt,
    },
    {
      name: 'type',
      label: texts.type,
      cell: ({ type }) => types[type],
      sort: ({ type }) => types[type],
    },
    {
      name: 'amount',
      label: texts.amount,
      number: true,
      cell: ({ amount }) => <Money value={amount} sign />,
      sort: ({ amount }) => amount.amount,
    },
    {
      name: 'balance',
      label: texts.balanceAfter,
      number: true,
      cell: ({ balanceAfter }) => <Money value={balanceAfter} />,
      sort: ({ balanceAfter }) => balanceAfter.amount,
    },
    {
      name: 'customer',
      label: texts.customer,
      cell: ({ customerId }) => <CustomerLink id={customerId} />,
      sort: ({ customerId }) => customerId,
    },
    {
      name: 'order',
      label: texts.order,
      cell: ({ orderId }) =>
        orderId !== null && (
          <a href={`/operator/orders/${orderId}`}>
            <OrderNumber id={orderId} />
          </a>
        ),
    },
    {
      name: 'note',
      label: texts.note,
      cell: (operation) => <OperationNote operation={operation} {...actions} />,
    },
  ];
}

/** The reason and the operator of a reversal, or the button that makes one. */
function OperationNote(props: {
  operation: ListedOperation;
  undone: Set<string | undefined>;
  onUndo: (operation: ListedOperation) => void;
}) {
  const { operation, undone, onUndo } = props;
  const { id, type, amount, reason, madeBy } = operation;
  const texts = useTexts(operatorLists).operations;
  const { undoThis } = useTexts(operatorWallet);
  const { language } = useConsole();
  const label = undoThis(formatMoney(amount, language));
  return (
    <>
      {reason !== undefined && <p>{texts.because(reason)}</p>}
      {madeBy !== undefined && (
        <p class="quiet">
          {texts.madeBy}: <Id value={madeBy} />
        </p>
      )}
      {type === 'top_up' && undone.has(id) && <span class="quiet">{texts.undone}</span>}
      {type === 'top_up' && !undone.has(id) && (
        <Button look="plain" text={texts.undo} label={label} run={() => onUndo(operation)} />
      )}
    </>
  );
}
