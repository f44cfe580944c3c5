import type { ComponentChildren } from 'preact';
import type { WalletOperation } from '#contracts/billing.ts';
import { useTexts } from '../model/context.ts';
import { customer } from '../texts/customer.ts';
import { Moment, Money } from './values.tsx';

/** Operations of a wallet. */
export function OperationsTable<O extends WalletOperation>(props: {
  operations: O[];
  orderHref: (orderId: string) => string;
  note?: (operation: O) => ComponentChildren;
  /** A last column with its heading, which only screen readers get. */
  action?: { label: string; of: (operation: O) => ComponentChildren };
}) {
  const texts = useTexts(customer).wallet;
  const { operations, orderHref, note, action } = props;
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">{texts.what}</th>
          <th scope="col">{texts.when}</th>
          {[texts.sum, texts.balanceAfter].map((label) => (
            <th key={label} scope="col" class="number">
              {label}
            </th>
          ))}
          {action && (
            <th scope="col">
              <span class="unseen">{action.label}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {operations.map((operation) => {
          const { id, type, amount, balanceAfter, orderId, reason, createdAt } = operation;
          const name = texts.types[type];
          return (
            <tr key={id}>
              <td>
                {orderId === null ? name : <a href={orderHref(orderId)}>{name}</a>}
                {reason !== undefined && <p class="quiet">{texts.because(reason)}</p>}
                {note?.(operation)}
              </td>
              <td data-label={texts.when}>
                <Moment at={createdAt} />
              </td>
              <td class={amount.amount > 0 ? 'number plus' : 'number'} data-label={texts.sum}>
                <Money value={amount} sign />
              </td>
              <td class="number" data-label={texts.balanceAfter}>
                <Money value={balanceAfter} />
              </td>
              {action && <td>{action.of(operation)}</td>}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
