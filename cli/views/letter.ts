import type {
  Letter,
  LetterAttempt,
  LetterPreview,
  OperatorLetter,
} from '#contracts/notifications.ts';
import { orderNumberOf } from '#contracts/order-number.ts';
import type { CsvColumn } from '../terminal/csv.ts';
import { argumentOf, type Colour, type Screen } from '../terminal/screen.ts';
import { type Cell, type Column, facts, table } from '../terminal/table.ts';
import type { TextKey } from '../texts/messages.ts';
import type { ListView } from './list.ts';
import { numberOf, orderNames } from './order.ts';

/** A customer's letter, or the operator's view of one. */
type AnyLetter = Letter & Partial<OperatorLetter>;

const STATES: Record<Letter['state'], Colour> = {
  queued: 'yellow',
  sending: 'yellow',
  sent: 'green',
  failed: 'red',
};

const OUTCOMES: Record<LetterAttempt['outcome'], { key: TextKey; colour: Colour }> = {
  sent: { key: 'sent', colour: 'green' },
  transient: { key: 'transient', colour: 'yellow' },
  permanent: { key: 'permanent', colour: 'red' },
  unknown: { key: 'outcomeUnknown', colour: 'yellow' },
};

const CREATED: Column<AnyLetter> = {
  head: 'headCreated',
  cell: ({ moment }, { createdAt }) => moment(createdAt),
};
const STATE: Column<AnyLetter> = { head: 'state', cell: stateCell };
const NUMBER: Column<AnyLetter> = {
  head: 'headNumber',
  cell: (_, { orderId }) => numberOf(orderId),
};
const SUBJECT: Column<AnyLetter> = {
  head: 'subject',
  cell: ({ say }, { kind, subject }) => subject ?? say(kind),
  fit: 'cut',
};
const ID: Column<AnyLetter> = { head: 'headLetter', cell: (_, { id }) => id, fit: 'wide' };

/** The customer's own letters. */
export const ownLetters: ListView<Letter> = { columns: [CREATED, STATE, NUMBER, SUBJECT, ID] };

const csv: CsvColumn<OperatorLetter>[] = [
  ['id', ({ id }) => id],
  ['orderId', ({ orderId }) => orderId],
  ['orderNumber', ({ orderId }) => orderNumberOf(orderId)],
  ['createdAt', ({ createdAt }) => createdAt],
  ['kind', ({ kind }) => kind],
  ['state', ({ state }) => state],
  ['reason', ({ reason }) => reason],
  ['customerId', ({ customerId }) => customerId],
  ['to', ({ address, to }) => address ?? to],
  ['total', ({ total }) => total && argumentOf(total)],
  ['currency', ({ total }) => total?.currency],
  ['attempts', ({ attempts }) => attempts.at(-1)?.number ?? 0],
  ['sentAt', ({ sentAt }) => sentAt],
  ['failedAt', ({ failedAt }) => failedAt],
  ['acknowledgedAt', ({ acknowledged }) => acknowledged?.at],
  ['acknowledgedBecause', ({ acknowledged }) => acknowledged?.reason],
  ['messageId', ({ messageId }) => messageId],
];

/** Letters of all customers. */
export const allLetters: ListView<OperatorLetter> = {
  columns: [
    CREATED,
    STATE as Column<OperatorLetter>,
    NUMBER,
    { head: 'to', cell: (_, { address, to }) => address ?? to ?? '', fit: 'cut' },
    { head: 'reason', cell: reasonCell, fit: 'cut' },
    { head: 'customer', cell: (_, { customerId }) => customerId, fit: 'wide' },
    ID,
  ],
  csv,
};

/** Why it failed or is late, and why an operator left it so. */
function reasonCell({ say }: Screen, { acknowledged, reason }: OperatorLetter): string {
  if (!acknowledged) return reason ?? '';
  return say('acknowledgedIn', acknowledged.reason);
}

/** A letter: headers, text and attempts. */
export function letterText(screen: Screen, letter: AnyLetter): string {
  const { say } = screen;
  const { acknowledged, address, customerId, nextAttemptAt, reason, to } = letter;
  const rows: [string, Cell][] = [
    [say('to'), to ?? address ?? '—'],
    [say('subject'), letter.subject ?? '—'],
    [say('messageId'), letter.messageId],
    ...orderNames(screen, letter.orderId),
    [say('headLetter'), letter.id],
    [say('state'), stateCell(screen, letter)],
  ];
  if (customerId !== undefined) rows.push([say('customer'), customerId]);
  if (reason !== null) rows.push([say('reason'), reason]);
  if (nextAttemptAt) rows.push([say('nextAttempt'), screen.moment(nextAttemptAt)]);
  if (acknowledged) {
    const { actor, at, reason: why } = acknowledged;
    rows.push([say('acknowledged'), `${screen.moment(at)}  ${actor}  ${why}`]);
  }
  const parts = [facts(screen, rows)];
  if (letter.text !== null) parts.push(letter.text.trimEnd());
  if (letter.attempts.length > 0) parts.push(attemptsText(screen, letter.attempts));
  return parts.join('\n\n');
}

/** The mail that a letter would become now. */
export function previewText(screen: Screen, preview: LetterPreview): string {
  const { locale, subject, templateVersion, text, to } = preview;
  const rows: [string, Cell][] = [
    [screen.say('to'), to],
    [screen.say('subject'), subject],
    [screen.say('lettersIn'), locale],
  ];
  if (templateVersion !== undefined) rows.push([screen.say('template'), String(templateVersion)]);
  return `${facts(screen, rows)}\n\n${text.trimEnd()}`;
}

/** The attempts to send a letter, with the mail server's responses. */
export function attemptsText(screen: Screen, attempts: LetterAttempt[], since?: string): string {
  const at: Column<LetterAttempt> =
    since === undefined
      ? { head: 'headStarted', cell: ({ moment }, { startedAt }) => moment(startedAt) }
      : { head: 'headMs', cell: (_, { startedAt }) => offset(since, startedAt), right: true };
  return table(screen, [ATTEMPT, at, ...REST], attempts);
}

const ATTEMPT: Column<LetterAttempt> = {
  head: 'headAttempt',
  cell: (_, { number }) => String(number),
  right: true,
};
const REST: Column<LetterAttempt>[] = [
  { head: 'headTook', cell: ({ duration }, { durationMs }) => duration(durationMs), right: true },
  {
    head: 'headOutcome',
    cell: ({ say }, { outcome }) => ({
      text: say(OUTCOMES[outcome].key),
      colour: OUTCOMES[outcome].colour,
    }),
  },
  // In full: an operator needs the whole answer.
  { head: 'headAnswer', cell: (_, { error, response }) => response ?? error ?? '', fit: 'below' },
];

/** Milliseconds after a moment, `+12`. */
export function offset(since: string, at: string): string {
  const ms = Date.parse(at) - Date.parse(since);
  return ms < 0 ? String(ms) : `+${ms}`;
}

export function stateCell(
  { say }: Screen,
  { state }: Pick<Letter, 'state'>,
): Exclude<Cell, string> {
  return { text: say(state), colour: STATES[state] };
}
