import type { OperatorLetter } from '#contracts/notifications.ts';
import { useTexts } from '../model/context.ts';
import { customer } from '../texts/customer.ts';
import { operator } from '../texts/operator.ts';
import { LetterPill } from './letter-list.tsx';
import { Moment } from './values.tsx';

/** Letters of all customers, each a link; the failed ones can be sent again from here. */
export function OperatorLetterList(props: {
  letters: OperatorLetter[];
  onResend: (letter: OperatorLetter) => void;
  resending: boolean;
}) {
  const texts = useTexts(operator).letters;
  const { kinds } = useTexts(customer).letters;
  const { letters, onResend, resending } = props;
  return (
    <ul class="rows">
      {letters.map((letter) => (
        <li key={letter.id} class="with-action">
          <a class="row" href={`/operator/letters/${letter.id}`}>
            <span class="row-main">{kinds[letter.kind]}</span>
            <span class="row-side">
              <LetterPill state={letter.state} />
            </span>
            <span class="row-dim">
              <Moment at={letter.sentAt ?? letter.createdAt} />
              {' · '}
              <bdi>{letter.to ?? texts.unknownRecipient}</bdi>
            </span>
            {letter.state !== 'sent' && letter.reason !== null && (
              <span class="row-fault">{letter.reason}</span>
            )}
          </a>
          {letter.state === 'failed' && (
            <button
              type="button"
              disabled={resending}
              aria-label={texts.resendThis(letter.to ?? letter.id)}
              onClick={() => onResend(letter)}
            >
              {texts.resend}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
