import type { Profile } from '#contracts/profiles.ts';
import { describeError } from '#platform/errors.ts';
import { renderLetter } from '../letter/template.ts';
import type { Mail, SendOutcome } from '../smtp/mailer.ts';
import type { OurFault } from '../smtp/refusal.ts';
import type { ClaimedLetter } from './claim-store.ts';
import type { AttemptRow, Recipient } from './letter-store.ts';

/** What becomes of a letter after an attempt. */
export type Verdict =
  | { state: 'sent'; response: string; recipient: Recipient }
  | { state: 'queued'; retryInMs: number; failure: string; unknown: boolean }
  | { state: 'failed'; failure: string; unknown: boolean }
  /** Somebody else holds the letter now: nothing to record. */
  | { state: 'lost' };

export interface SendLetterDeps {
  /** The customer's contact data, null when there is no profile. */
  findContact: (customerId: string) => Promise<Profile | null>;
  /** Fenced marker before the final dot; false when the letter is no longer ours. */
  markCommitting: (letter: ClaimedLetter, recipient: Recipient) => Promise<boolean>;
  send: (mail: Mail, beforeDot: () => Promise<boolean>) => Promise<SendOutcome>;
  record: (letter: ClaimedLetter, attempt: AttemptRow, verdict: Verdict) => Promise<void>;
  messageIdOf: (letterId: string) => string;
  from: string;
  /** Milliseconds to wait after the given number of attempts. */
  retryInMs: (attempts: number) => number;
  /** How long after `tryingSince` trying ends. */
  giveUpAfterMs: number;
  now: () => Date;
  /** Called for an attempt that the mail server refused for a fault of ours. */
  onOurFault: (fault: OurFault, reason: string) => void;
}

/**
 * One attempt at one claimed letter: contact, composition, SMTP with the marker before the dot,
 * record (docs/reference/letters.md). Invariant I6: in every case it ends sent, failed or queued.
 */
export async function sendLetter(deps: SendLetterDeps, letter: ClaimedLetter): Promise<void> {
  const startedAt = deps.now();
  const { outcome, marked, contactMs } = await attemptSafely(deps, letter, startedAt);
  const verdict = judge(deps, letter, outcome, marked);
  if (outcome.kind === 'transient' && outcome.ourFault !== undefined) {
    deps.onOurFault(outcome.ourFault, outcome.response ?? outcome.error);
  }
  const ended = deps.now();
  await deps.record(
    letter,
    {
      letterId: letter.id,
      number: letter.attempt,
      startedAt,
      durationMs: ended.getTime() - startedAt.getTime(),
      contactMs,
      outcome: outcomeWord(outcome),
      response: 'response' in outcome ? outcome.response : null,
      error: 'error' in outcome ? outcome.error : null,
    },
    verdict,
  );
}

interface Tried {
  outcome: SendOutcome;
  /** Whom it was marked for, if it came as far as the marker. */
  marked: Recipient | null;
  /** Until profiles had answered; null where it was not asked or did not answer. */
  contactMs: number | null;
}

/** A defect of ours ends an attempt like any fault: recorded, tried again, given up in the end. */
async function attemptSafely(
  deps: SendLetterDeps,
  letter: ClaimedLetter,
  startedAt: Date,
): Promise<Tried> {
  let marked: Recipient | null = null;
  let contactMs: number | null = null;
  const watched: SendLetterDeps = {
    ...deps,
    async findContact(customerId) {
      const contact = await deps.findContact(customerId);
      contactMs = deps.now().getTime() - startedAt.getTime();
      return contact;
    },
    async markCommitting(claimed, recipient) {
      const ours = await deps.markCommitting(claimed, recipient);
      if (ours) marked = recipient;
      return ours;
    },
  };
  try {
    return { outcome: await attempt(watched, letter), marked, contactMs };
  } catch (error) {
    const outcome = { ...transient(describeError(error)), unknown: marked !== null };
    return { outcome, marked, contactMs };
  }
}

async function attempt(deps: SendLetterDeps, letter: ClaimedLetter): Promise<SendOutcome> {
  let recipient = letter.lockedRecipient;
  if (recipient === null) {
    try {
      const contact = await deps.findContact(letter.customerId);
      // The profile may still be on its way: a registration stores it after the account.
      if (contact === null) return transient('the customer has no profile yet');
      recipient = { to: contact.email, name: contact.name, locale: contact.locale };
    } catch (error) {
      return transient(`profiles: ${describeError(error)}`);
    }
  }
  const rendered = renderLetter({
    kind: letter.kind,
    locale: recipient.locale,
    name: recipient.name,
    orderId: letter.orderId,
    total: letter.total,
    reason: letter.reason,
    occurredAt: letter.occurredAt.toISOString(),
  });
  const mail: Mail = {
    ...rendered,
    messageId: deps.messageIdOf(letter.id),
    from: deps.from,
    to: recipient.to,
    // Not the time of the attempt: a re-send is the same message to the last byte.
    date: letter.createdAt,
    language: recipient.locale,
  };
  const whom = recipient;
  return deps.send(mail, () => deps.markCommitting(letter, whom));
}

function judge(
  deps: SendLetterDeps,
  letter: ClaimedLetter,
  outcome: SendOutcome,
  marked: Recipient | null,
): Verdict {
  switch (outcome.kind) {
    case 'sent':
      // No dot goes without the marker.
      return { state: 'sent', response: outcome.response, recipient: marked as Recipient };
    case 'abandoned':
      return { state: 'lost' };
    case 'permanent':
      return { state: 'failed', failure: outcome.response || outcome.error, unknown: false };
    case 'transient': {
      const failure = outcome.response ?? outcome.error;
      const age = deps.now().getTime() - letter.tryingSince.getTime();
      if (age >= deps.giveUpAfterMs) {
        return { state: 'failed', failure: `gave up: ${failure}`, unknown: outcome.unknown };
      }
      const retryInMs = deps.retryInMs(letter.attempt);
      return { state: 'queued', retryInMs, failure, unknown: outcome.unknown };
    }
  }
}

function transient(error: string) {
  return { kind: 'transient', response: null, error, unknown: false } as const;
}

function outcomeWord(outcome: SendOutcome): AttemptRow['outcome'] {
  if (outcome.kind === 'transient' && outcome.unknown) return 'unknown';
  return outcome.kind === 'abandoned' ? 'transient' : outcome.kind;
}
