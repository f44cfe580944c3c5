import type { Letter } from '#contracts/notifications.ts';
import { useTexts } from '../model/context.ts';
import { customer } from '../texts/customer.ts';
import { Moment, Pill, type Tone } from './values.tsx';

const TONES: Record<Letter['state'], Tone> = {
  queued: 'wait',
  sending: 'wait',
  sent: 'good',
  failed: 'bad',
};

export function LetterPill({ state }: { state: Letter['state'] }) {
  return <Pill tone={TONES[state]}>{useTexts(customer).letters.states[state]}</Pill>;
}

/** Letters, each a link. */
export function LetterList<L extends Letter>(props: {
  letters: L[];
  hrefOf: (letter: L) => string;
}) {
  const texts = useTexts(customer).letters;
  return (
    <ul class="rows">
      {props.letters.map((letter) => (
        <li key={letter.id}>
          <a class="row" href={props.hrefOf(letter)}>
            <span class="row-main">{texts.kinds[letter.kind]}</span>
            <span class="row-side">
              <LetterPill state={letter.state} />
            </span>
            <span class="row-dim">
              <Moment at={letter.sentAt ?? letter.createdAt} />
              {letter.to !== null && (
                <>
                  {' · '}
                  <bdi>{letter.to}</bdi>
                </>
              )}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}
