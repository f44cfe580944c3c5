import type { ComponentChildren } from 'preact';
import type { OperatorLetter } from '#contracts/notifications.ts';
import { useTexts } from '../model/context.ts';
import type { WatchedLetters } from '../model/resend-outcome.ts';
import type { Selection } from '../model/selection.ts';
import { confirm } from '../texts/confirm.ts';
import { customer } from '../texts/customer.ts';
import { letterRepair } from '../texts/letter-repair.ts';
import { operator } from '../texts/operator.ts';
import { customerHref } from './customer-link.tsx';
import { LetterPill } from './letter.tsx';
import { AcknowledgementLine, LetterOutcome } from './letter-outcome.tsx';
import { OrderNumber } from './order-number.tsx';
import type { Column } from './record-table.tsx';
import { SelectBox } from './selection-bar.tsx';
import { Moment, Money, Pill } from './values.tsx';

/** The columns of letters of all customers: what an operator needs to decide about each. */
export function useLetterColumns(props: {
  watched: WatchedLetters;
  selection: Selection;
  action: (letter: OperatorLetter) => ComponentChildren;
}): Column<OperatorLetter>[] {
  const { watched, selection, action } = props;
  const { columns, selectThis } = useTexts(letterRepair);
  const { kinds, states } = useTexts(customer).letters;
  const { unknownRecipient } = useTexts(operator).letters;
  const addressOf = ({ address, to }: OperatorLetter) => address ?? to ?? unknownRecipient;
  return [
    {
      name: 'select',
      label: columns.select,
      cell: (letter) =>
        letter.state === 'failed' && (
          <SelectBox
            selection={selection}
            id={letter.id}
            label={selectThis(`${kinds[letter.kind]}, ${addressOf(letter)}`)}
          />
        ),
    },
    {
      name: 'letter',
      label: columns.letter,
      cell: ({ id, kind, createdAt }) => (
        <>
          <a class="row-what" href={`/operator/letters/${id}`}>
            {kinds[kind]}
          </a>
          <p class="quiet">
            <Moment at={createdAt} />
          </p>
        </>
      ),
    },
    {
      name: 'order',
      label: columns.order,
      cell: ({ orderId, total }) => (
        <>
          <a href={`/operator/orders/${orderId}`}>
            <OrderNumber id={orderId} />
          </a>
          {total !== undefined && (
            <p class="quiet">
              <Money value={total} />
            </p>
          )}
        </>
      ),
      sort: ({ total }) => total?.amount ?? null,
    },
    {
      name: 'customer',
      label: columns.customer,
      cell: (letter) => (
        <a href={customerHref(letter.customerId)}>
          <bdi class="row-address">{addressOf(letter)}</bdi>
        </a>
      ),
      sort: addressOf,
    },
    {
      name: 'state',
      label: columns.state,
      cell: (letter) => (
        <LetterState letter={letter} since={watched.get(letter.id)?.since ?? null} />
      ),
      sort: ({ state, reason }) => `${states[state]} ${reason ?? ''}`,
    },
    { name: 'action', label: columns.action, cell: action },
  ];
}

/** The state with its time and reason; for a letter that was sent again, what became of it. */
function LetterState({ letter, since }: { letter: OperatorLetter; since: number | null }) {
  const texts = useTexts(letterRepair);
  const { letterWaits } = useTexts(confirm);
  const { failedAt, nextAttemptAt, reason, sentAt, state, waitsFor } = letter;
  const waits = waitsFor === 'confirmation';
  return (
    <>
      <p class="row-state">
        <LetterPill state={state} />
        {letter.acknowledged && <Pill tone="quiet">{texts.acknowledged}</Pill>}
        {state === 'failed' && failedAt && <Moment at={failedAt} />}
        {sentAt !== null && <Moment at={sentAt} />}
      </p>
      {since !== null && <LetterOutcome letter={letter} since={since} />}
      {since === null && state !== 'sent' && (reason !== null || waits) && (
        <bdi class={state === 'failed' ? 'error' : 'quiet'}>{waits ? letterWaits : reason}</bdi>
      )}
      {since === null && state === 'queued' && nextAttemptAt && (
        <p class="quiet">
          {texts.nextAt} <Moment at={nextAttemptAt} />
        </p>
      )}
      <AcknowledgementLine letter={letter} />
    </>
  );
}
