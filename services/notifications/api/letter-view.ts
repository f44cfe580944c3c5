import type {
  Acknowledgement,
  Delivery,
  Letter,
  LetterPreview,
  OperatorLetter,
} from '#contracts/notifications.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import { timeOfUuid } from '#platform/values/uuid.ts';
import { headersOf } from '../letter/compose-mail.ts';
import { eventOf } from '../letter/letter-event.ts';
import {
  type LetterContent,
  mailOf,
  type Recipient,
  recipientOf,
  rendered,
  type Sender,
} from '../letter/letter-mail.ts';
import { UnknownTemplateError } from '../letter/template.ts';
import type { LetterRow } from './letter-list-store.ts';

/**
 * A letter as the API shows it. Subject, texts and headers are composed again from what was kept,
 * to the same bytes as they were sent.
 */
export function letterOf(row: LetterRow, sender: Sender): Letter {
  const { mail, missing } = mailIn(row, sender);
  return {
    id: row.id,
    orderId: row.order_id,
    kind: row.kind,
    state: row.state === 'committing' ? 'sending' : row.state,
    reason: row.failure ?? missing,
    ...(row.state === 'queued' && row.waits_for !== null && { waitsFor: row.waits_for }),
    subject: mail?.subject ?? null,
    text: mail?.text ?? null,
    html: mail?.html ?? null,
    headers: mail && headersOf(mail),
    to: mail?.to ?? null,
    messageId: `<${sender.messageIdOf(row.id)}>`,
    unknownOutcomes: row.unknown_outcomes - (isMarked(row) ? 1 : 0),
    attempts: row.attempts.map(({ stage: _, address: __, ...attempt }) => ({
      ...attempt,
      startedAt: new Date(attempt.startedAt).toISOString(),
    })),
    // The event's moment, in whose order letters are listed.
    createdAt: (timeOfUuid(row.id) ?? row.created_at).toISOString(),
    sentAt: row.sent_at?.toISOString() ?? null,
  };
}

/** The mail, null before it is first composed, or the reason why this replica cannot compose it. */
function mailIn(row: LetterRow, sender: Sender) {
  const recipient = recipientOf(row);
  if (recipient === null) return { mail: null, missing: null };
  try {
    return { mail: mailOf(contentOf(row), recipient, sender), missing: null };
  } catch (error) {
    // A list with one such letter still shows the others.
    if (error instanceof UnknownTemplateError) return { mail: null, missing: error.message };
    throw error;
  }
}

/** While the answer to the final dot is awaited, the marker counts an unknown outcome in advance. */
function isMarked({ state, attempt_count, marked_attempt }: LetterRow): boolean {
  return state === 'sending' && marked_attempt === attempt_count;
}

/**
 * The letter as the operator sees it: no address may be read whole, not even where a mail server
 * repeated it or a customer wrote it as a name. The Message-ID is none.
 */
export function operatorLetterOf(row: LetterRow, sender: Sender): OperatorLetter {
  return {
    ...maskedLetterOf(row, sender),
    customerId: row.customer_id,
    total: { amount: Number(row.total_amount), currency: row.currency },
    orderReason: row.reason,
    address: row.attempts.at(-1)?.address ?? masked(row.recipient),
    failedAt: failedAtOf(row),
    nextAttemptAt: nextAttemptAtOf(row),
    acknowledged: acknowledgementOf(row),
  };
}

/** `due_at` of a failed letter is the time of its failure, unless an erasure ended it. */
function failedAtOf({ state, due_at, erased_at }: LetterRow): string | null {
  if (state !== 'failed') return null;
  const at = erased_at !== null && erased_at < due_at ? erased_at : due_at;
  return at.toISOString();
}

/** Null for a letter that waits for its customer: nobody knows when. */
export function nextAttemptAtOf({ state, waits_for, due_at }: LetterRow): string | null {
  return state === 'queued' && waits_for === null ? due_at.toISOString() : null;
}

function acknowledgementOf({ acknowledgement }: LetterRow): Acknowledgement | null {
  if (acknowledgement === null) return null;
  return { ...acknowledgement, at: new Date(acknowledgement.at).toISOString() };
}

// Those with something of the customer's. The sender's address is the shop's own.
const PERSONAL_HEADERS = ['To', 'Subject'];

/** The same without whose it is. */
export function maskedLetterOf(row: LetterRow, sender: Sender): Letter {
  const letter = letterOf(row, sender);
  return {
    ...letter,
    reason: masked(letter.reason),
    subject: masked(letter.subject),
    text: masked(letter.text),
    html: masked(letter.html),
    headers:
      letter.headers?.map(({ name, value }) => ({
        name,
        value: PERSONAL_HEADERS.includes(name) ? maskAddresses(value) : value,
      })) ?? null,
    to: masked(letter.to),
    attempts: letter.attempts.map((attempt) => ({
      ...attempt,
      response: masked(attempt.response),
      error: masked(attempt.error),
    })),
  };
}

/** The mail that the letter would become for this recipient by a template, for the operator. */
export function previewOf(
  row: LetterRow,
  templateVersion: number,
  recipient: Recipient,
  sender: Sender,
): LetterPreview {
  const { event } = contentOf(row);
  const { subject, text, html } = rendered({ event, templateVersion }, recipient, sender);
  return {
    to: maskAddresses(recipient.to),
    locale: recipient.locale,
    templateVersion,
    subject: maskAddresses(subject),
    text: maskAddresses(text),
    html: maskAddresses(html),
  };
}

/** How far each attempt came, as far as it is known. */
export function stagesOf({ attempts }: LetterRow): NonNullable<Delivery['stages']> {
  return attempts.flatMap(({ number, stage }) => (stage === null ? [] : { number, stage }));
}

const masked = (text: string | null) => (text === null ? null : maskAddresses(text));

function contentOf(row: LetterRow): LetterContent {
  return {
    id: row.id,
    event: eventOf(row),
    templateVersion: row.template_version,
    createdAt: row.created_at,
  };
}
