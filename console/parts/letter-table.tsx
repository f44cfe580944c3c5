import type { ComponentChildren } from 'preact';
import type { OperatorLetter } from '#contracts/notifications.ts';
import { orderNumberOf } from '#contracts/order-number.ts';
import { useTexts } from '../model/context.ts';
import { shortId } from '../model/format.ts';
import type { WatchedLetters } from '../model/resend-outcome.ts';
import type { Selection } from '../model/selection.ts';
import { confirm } from '../texts/confirm.ts';
import { customer } from '../texts/customer.ts';
import { letterRepair } from '../texts/letter-repair.ts';
import { operator } from '../texts/operator.ts';
import { LetterPill } from './letter.tsx';
import { AcknowledgementLine, LetterOutcome } from './letter-outcome.tsx';
import { SelectBox } from './selection-bar.tsx';
import { Moment, Money, Pill } from './values.tsx';

/** Letters of all customers, with what an operator needs to decide about each. */
export function LetterTable(props: {
  letters: OperatorLetter[];
  watched: WatchedLetters;
  selection: Selection;
  action: (letter: OperatorLetter) => ComponentChildren;
}) {
  const { letters, watched, selection, action } = props;
  const { columns } = useTexts(letterRepair);
  return (
    <table class="table repairs">
      <thead>
        <tr>
          <th scope="col">
            <span class="unseen">{columns.select}</span>
          </th>
          {[columns.letter, columns.order, columns.customer, columns.state].map((label) => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
          <th scope="col">
            <span class="unseen">{columns.action}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {letters.map((letter) => (
          <Row
            key={letter.id}
            letter={letter}
            since={watched.get(letter.id)?.since ?? null}
            selection={selection}
            action={action(letter)}
          />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: {
  letter: OperatorLetter;
  since: number | null;
  selection: Selection;
  action: ComponentChildren;
}) {
  const { letter, since, selection, action } = props;
  const texts = useTexts(letterRepair);
  const { kinds } = useTexts(customer).letters;
  const { unknownRecipient } = useTexts(operator).letters;
  const { id, customerId, kind, orderId, state, total } = letter;
  const address = letter.address ?? letter.to ?? unknownRecipient;
  const number = orderNumberOf(orderId);
  return (
    <tr>
      <td class="select">
        {state === 'failed' && (
          <SelectBox
            selection={selection}
            id={id}
            label={texts.selectThis(`${kinds[kind]}, ${address}`)}
          />
        )}
      </td>
      <td>
        <a href={`/operator/letters/${id}`}>{kinds[kind]}</a>
      </td>
      <td data-label={texts.columns.order}>
        <div>
          <a href={`/operator/orders/${orderId}`} class="number" title={orderId}>
            {number === null ? shortId(orderId) : texts.number(number)}
          </a>
          {total !== undefined && (
            <p class="quiet">
              <Money value={total} />
            </p>
          )}
        </div>
      </td>
      <td data-label={texts.columns.customer}>
        <a href={`/operator/customers/${encodeURIComponent(customerId)}`}>
          <bdi>{address}</bdi>
        </a>
      </td>
      <td data-label={texts.columns.state}>
        <LetterState letter={letter} since={since} />
      </td>
      <td class="row-action">{action}</td>
    </tr>
  );
}

/** The state with its time and reason; for a letter that was sent again, what became of it. */
function LetterState({ letter, since }: { letter: OperatorLetter; since: number | null }) {
  const texts = useTexts(letterRepair);
  const { letterWaits } = useTexts(confirm);
  const { createdAt, failedAt, nextAttemptAt, reason, sentAt, state, waitsFor } = letter;
  return (
    <div>
      <p class="row-state">
        <LetterPill state={state} />
        {letter.acknowledged && <Pill tone="quiet">{texts.acknowledged}</Pill>}
        <span class="quiet">
          {state === 'failed' && failedAt ? (
            <>
              {texts.failedAt} <Moment at={failedAt} />
            </>
          ) : (
            <Moment at={sentAt ?? createdAt} />
          )}
        </span>
      </p>
      {since === null && state !== 'sent' && (reason !== null || waitsFor === 'confirmation') && (
        <bdi class={state === 'failed' ? 'error' : 'quiet'}>
          {waitsFor === 'confirmation' ? letterWaits : reason}
        </bdi>
      )}
      {since === null && state === 'queued' && nextAttemptAt && (
        <p class="quiet">
          {texts.nextAttempt} <Moment at={nextAttemptAt} />
        </p>
      )}
      {since !== null && <LetterOutcome letter={letter} since={since} />}
      <AcknowledgementLine letter={letter} />
    </div>
  );
}
