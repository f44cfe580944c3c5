import type { OperatorLetter } from '#contracts/notifications.ts';
import { useTexts } from '../model/context.ts';
import { outcomeOf } from '../model/resend-outcome.ts';
import { letterRepair } from '../texts/letter-repair.ts';
import { Moment } from './values.tsx';

const CLASSES = { waiting: 'waiting', later: 'waiting', sent: 'good', failed: 'bad' } as const;

/**
 * What became of a letter that was sent again, in words.
 * @param since the number of its last attempt before
 */
export function LetterOutcome({ letter, since }: { letter: OperatorLetter; since: number }) {
  const texts = useTexts(letterRepair);
  const outcome = outcomeOf(letter, since);
  const { nextAttemptAt, reason, sentAt, waitsFor } = letter;
  return (
    <p class={`outcome ${CLASSES[outcome]}`} role="status">
      {texts.outcomes[outcome]} {outcome === 'sent' && sentAt !== null && <Moment at={sentAt} />}
      {outcome === 'failed' && <bdi>{reason}</bdi>}
      {outcome === 'later' &&
        (waitsFor === 'confirmation' ? texts.confirmationFirst : <bdi>{reason}</bdi>)}
      {outcome === 'later' && nextAttemptAt && (
        <>
          {' · '}
          {texts.nextAt} <Moment at={nextAttemptAt} />
        </>
      )}
    </p>
  );
}

/** That an operator decided to do nothing about a failed letter: who, when and why. */
export function AcknowledgementLine({ letter }: { letter: OperatorLetter }) {
  const texts = useTexts(letterRepair);
  const { acknowledged } = letter;
  if (!acknowledged) return null;
  const { at, actor, reason } = acknowledged;
  return (
    <p class="quiet">
      {texts.acknowledgedBy} <code title={actor}>{actor.slice(-8)}</code>, <Moment at={at} />.{' '}
      <bdi>{texts.because(reason)}</bdi>
    </p>
  );
}
