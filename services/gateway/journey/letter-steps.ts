import type { JourneyStep } from '#contracts/journey.ts';
import type { Letter, LetterAttempt } from '#contracts/notifications.ts';

// As notifications words it: `profiles: …` where they gave no answer, the other where they did.
const NO_CONTACT = /^(profiles: |the customer has no profile)/;

/** What was tried to send a letter, and what is still to come. */
export function letterSteps(letter: Letter): JourneyStep[] {
  const last = letter.attempts.at(-1)?.number ?? 0;
  const open = letter.state === 'queued' || letter.state === 'sending';
  return [
    ...letter.attempts.flatMap(attemptSteps),
    ...(open ? [{ ...SEND, ...WAITING, attempt: last + 1 }] : []),
  ];
}

const SEND = { kind: 'send', from: 'notifications', to: 'smtp' } as const;
const WAITING = { at: null, outcome: 'waiting', detail: null } as const;

function attemptSteps(attempt: LetterAttempt): JourneyStep[] {
  const withoutContact = NO_CONTACT.test(attempt.error ?? '');
  return [...contactStep(attempt, withoutContact), ...(withoutContact ? [] : sendSteps(attempt))];
}

/** Profiles are not asked again where an earlier try may have arrived. */
function contactStep(attempt: LetterAttempt, failed: boolean): JourneyStep[] {
  if (attempt.contactMs === null && !failed) return [];
  return [
    {
      kind: 'contact',
      from: 'notifications',
      to: 'profiles',
      at: attempt.startedAt,
      outcome: failed ? 'failed' : 'done',
      detail: failed ? attempt.error : null,
      attempt: attempt.number,
    },
  ];
}

function sendSteps(attempt: LetterAttempt): JourneyStep[] {
  const { number, startedAt, durationMs, contactMs, response, error } = attempt;
  const send = { ...SEND, at: later(startedAt, contactMs ?? 0), attempt: number } as const;
  const outcome = outcomeOf(attempt);
  // Where the mail server said nothing, it is our sending that failed.
  const answered = Boolean(response) || outcome === 'unknown';
  if (!answered) return [{ ...send, outcome, detail: error }];
  return [
    { ...send, outcome: 'done', detail: null },
    {
      kind: 'reply',
      from: 'smtp',
      to: 'notifications',
      at: later(startedAt, durationMs),
      outcome,
      detail: response || error,
      attempt: number,
    },
  ];
}

function outcomeOf({ outcome }: LetterAttempt): JourneyStep['outcome'] {
  if (outcome === 'sent') return 'done';
  if (outcome === 'unknown') return 'unknown';
  return outcome === 'permanent' ? 'refused' : 'failed';
}

const later = (moment: string, ms: number) => new Date(Date.parse(moment) + ms).toISOString();
