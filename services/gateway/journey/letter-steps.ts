import type { JourneyStep } from '#contracts/journey.ts';
import type { Delivery, Letter, LetterAttempt } from '#contracts/notifications.ts';

/** The attempts to send a letter, and the next one. @param stages how far each attempt came */
export function letterSteps(letter: Letter, stages: Delivery['stages'] = []): JourneyStep[] {
  const noContact = new Set(
    stages.filter(({ stage }) => stage === 'contact').map(({ number }) => number),
  );
  const last = letter.attempts.at(-1)?.number ?? 0;
  const open = letter.state === 'queued' || letter.state === 'sending';
  return [
    ...letter.attempts.flatMap((attempt) => attemptSteps(attempt, noContact.has(attempt.number))),
    ...(open ? [{ ...SEND, ...WAITING, attempt: last + 1 }] : []),
  ];
}

const SEND = { kind: 'send', from: 'notifications', to: 'smtp' } as const;
const WAITING = { at: null, outcome: 'waiting', detail: null } as const;

function attemptSteps(attempt: LetterAttempt, withoutContact: boolean): JourneyStep[] {
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
