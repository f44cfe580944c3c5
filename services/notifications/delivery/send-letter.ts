import type { AttemptStage } from '#contracts/notifications.ts';
import type { Profile } from '#contracts/profiles.ts';
import { describeError } from '#platform/errors.ts';
import type { ClaimedLetter } from '../letter/claimed-letter.ts';
import type { LetterKind } from '../letter/letter-event.ts';
import type { LetterItems } from '../letter/letter-items.ts';
import { mailOf, type Recipient, type Sender } from '../letter/letter-mail.ts';
import { ERASED } from '../privacy/erasure-store.ts';
import { detailsOf } from '../recipient/details.ts';
import { greetedContact, isUnconfirmed } from '../recipient/greeting.ts';
import { type SlotOfLetter, slotsOfOrder } from '../recipient/slots.ts';
import type { AttemptResult } from '../smtp/attempt-result.ts';
import type { Mailer } from '../smtp/mailer.ts';
import type { Attempt, FailedLetter } from './delivery-store.ts';
import type { MailAlarm } from './refusal-alarm.ts';

export interface SendLetterDeps {
  /** The customer's contact data, null when there is no profile. */
  findContact: (customerId: string) => Promise<Profile | null>;
  /** The items of an order; undefined where they cannot be shown. */
  findItems: (orderId: string) => Promise<LetterItems | undefined>;
  /** Whether the customer is erased. Asked only where there is no profile. */
  isErased: (customerId: string) => Promise<boolean>;
  /** Fenced marker before the final dot; false when the letter is no longer ours. */
  markCommitting: (letter: ClaimedLetter, recipient: Recipient) => Promise<boolean>;
  send: Mailer['send'];
  /** @param failure the letter's state after a failed attempt; null when it was sent */
  record: (attempt: Attempt, failure: FailedLetter | null) => Promise<void>;
  sender: Sender;
  /** Milliseconds to wait after the given number of attempts. */
  retryInMs: (attempts: number) => number;
  /** Time after `tryingSince` when attempts end. */
  giveUpAfterMs: number;
  now: () => Date;
  /** Called after an attempt was recorded. */
  onRecorded?: ((kind: LetterKind, outcome: 'sent' | 'retried' | 'failed') => void) | undefined;
  /** Sends a letter that failed again where the customer has corrected the address meanwhile. */
  retryCorrected: (letter: ClaimedLetter, failedAddress: string) => Promise<void>;
  /** Puts the letter back as if it had not been claimed. */
  giveBack: (letterId: string) => Promise<void>;
  /** The same until the customer confirms the address. */
  hold: (letterId: string) => Promise<void>;
  /** Whether an unconfirmed address gets few letters, and none with a text of the customer's. */
  confirmAddresses: boolean;
  /** Takes one of the few letters of a customer or an address; false where there is none left. */
  takeSlot: (slot: SlotOfLetter) => Promise<boolean>;
  /** Called for an attempt that the mail server refused, or that did not reach it. */
  onFault: (fault: MailAlarm) => void;
}

/**
 * One attempt at one claimed letter: contact, composition, SMTP with the marker before the dot,
 * record (docs/reference/letters.md). Invariant I6: the letter ends sent, failed or queued.
 */
export async function sendLetter(deps: SendLetterDeps, letter: ClaimedLetter): Promise<void> {
  const startedAt = deps.now();
  const progress: Progress = { stage: 'contact', contactMs: null, recipient: null, address: null };
  const result = await attemptSafely(deps, letter, startedAt, progress);
  if (result === 'held') return deps.hold(letter.id);
  // Another worker holds the letter now, and records it.
  if (result.outcome === 'withheld') return;
  if (result.outcome === 'paused') return deps.giveBack(letter.id);
  const { fault, provider } = result;
  if (fault !== undefined) deps.onFault({ fault, provider, reason: reasonOf(result) });
  const failure = result.outcome === 'sent' ? null : failureOf(deps, letter, result);
  const { contactMs, recipient, address } = progress;
  const durationMs = deps.now().getTime() - startedAt.getTime();
  await deps.record(
    {
      ...result,
      letterId: letter.id,
      number: letter.attempt,
      startedAt,
      durationMs,
      contactMs,
      recipient,
      address,
      unknownOutcomes: letter.unknownOutcomes,
    },
    failure,
  );
  deps.onRecorded?.(letter.event.kind, outcomeOf(failure));
  // The retry of the corrected address came before the record, so it found no failed letter.
  if (failure?.state === 'failed' && address !== null) await deps.retryCorrected(letter, address);
}

function outcomeOf(failure: FailedLetter | null): 'sent' | 'retried' | 'failed' {
  if (failure === null) return 'sent';
  return failure.state === 'failed' ? 'failed' : 'retried';
}

/** How far an attempt has come. */
interface Progress extends Pick<Attempt, 'contactMs' | 'recipient'> {
  stage: AttemptStage;
  address: string | null;
}

/** Treats a bug of ours like any other fault: it is recorded, retried and finally given up. */
async function attemptSafely(
  deps: SendLetterDeps,
  letter: ClaimedLetter,
  startedAt: Date,
  progress: Progress,
): Promise<AttemptResult | 'held'> {
  const failed = (error: string): AttemptResult => ({
    // No dot is sent without the marker.
    outcome: progress.recipient === null ? 'transient' : 'unknown',
    stage: progress.stage,
    response: null,
    error,
  });
  let recipient = letter.lockedRecipient;
  let isLimited = false;
  let lookUp = 'profiles';
  if (recipient === null) {
    try {
      const contact = await deps.findContact(letter.customerId);
      lookUp = 'orders';
      progress.contactMs = deps.now().getTime() - startedAt.getTime();
      if (contact === null) {
        if (await deps.isErased(letter.customerId)) {
          return { ...failed(ERASED), outcome: 'permanent', erased: true };
        }
        // The profile may come later: a registration stores it after the account.
        return failed('the customer has no profile yet');
      }
      recipient = await recipientFor(deps, letter, contact);
      isLimited = letter.event.kind === 'grief' && isUnconfirmed(contact, deps.confirmAddresses);
    } catch (error) {
      return failed(`${lookUp}: ${describeError(error)}`);
    }
  }
  progress.stage = 'compose';
  progress.address = recipient.to;
  try {
    if (isLimited) {
      if (isOverdue(deps, letter)) return failed('the customer did not confirm the address');
      for (const slot of slotsOfOrder(letter.id, letter.customerId, recipient.to)) {
        if (!(await deps.takeSlot(slot))) return 'held';
      }
    }
    return await transmit(deps, letter, recipient, progress);
  } catch (error) {
    return failed(describeError(error));
  }
}

/** The recipient with what the letter's template shows of the customer. */
async function recipientFor(
  { confirmAddresses, findItems }: SendLetterDeps,
  { templateVersion, event }: ClaimedLetter,
  contact: Profile,
): Promise<Recipient> {
  const { email: to, name, locale } = greetedContact(contact, confirmAddresses);
  const find = () => findItems(event.orderId);
  const details = await detailsOf({ templateVersion, contact, confirmAddresses }, find);
  return { to, name, locale, ...(details !== null && { details }) };
}

function transmit(
  deps: SendLetterDeps,
  letter: ClaimedLetter,
  recipient: Recipient,
  progress: Progress,
): Promise<AttemptResult> {
  const mail = mailOf(letter, recipient, deps.sender);
  return deps.send(mail, async () => {
    progress.stage = 'body';
    const ours = await deps.markCommitting(letter, recipient);
    if (ours) {
      progress.stage = 'after-dot';
      progress.recipient = recipient;
    }
    return ours;
  });
}

function failureOf(
  deps: SendLetterDeps,
  letter: ClaimedLetter,
  result: AttemptResult,
): FailedLetter {
  const reason = reasonOf(result);
  const unknownOutcomes = letter.unknownOutcomes + (result.outcome === 'unknown' ? 1 : 0);
  if (result.outcome === 'permanent') {
    const erased = result.erased === true;
    return {
      state: 'failed',
      retryInMs: 0,
      failure: reason,
      unknownOutcomes,
      ...(erased && { erased }),
    };
  }
  if (isOverdue(deps, letter)) {
    return { state: 'failed', retryInMs: 0, failure: `gave up: ${reason}`, unknownOutcomes };
  }
  return {
    state: 'queued',
    retryInMs: deps.retryInMs(letter.attempt),
    failure: reason,
    unknownOutcomes,
  };
}

function isOverdue({ now, giveUpAfterMs }: SendLetterDeps, { tryingSince }: ClaimedLetter) {
  return now().getTime() - tryingSince.getTime() >= giveUpAfterMs;
}

function reasonOf({ response, error }: AttemptResult): string {
  return response || error || '';
}
