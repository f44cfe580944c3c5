import type { Letter, LetterAttempt } from '#contracts/notifications.ts';
import { type Cell, type Colour, facts, type Screen, table } from '../terminal/screen.ts';
import type { TextKey } from '../texts/messages.ts';

/** A customer's letter, or the operator's view of one. */
type AnyLetter = Letter & { customerId?: string };

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

/** One line of a list. */
export function letterRow(screen: Screen, letter: AnyLetter): Cell[] {
  return [
    screen.moment(letter.createdAt),
    stateCell(screen, letter),
    letter.subject ?? screen.say(letter.kind),
    ...(letter.customerId === undefined ? [] : [letter.to ?? '']),
    letter.id,
  ];
}

/** A letter: headers, text and attempts. */
export function letterText(screen: Screen, letter: AnyLetter): string {
  const { say } = screen;
  const rows: [string, Cell][] = [
    [say('to'), letter.to ?? '—'],
    [say('subject'), letter.subject ?? '—'],
    [say('messageId'), letter.messageId],
    [say('orderId'), letter.orderId],
    [say('state'), stateCell(screen, letter)],
  ];
  if (letter.customerId !== undefined) rows.push([say('customer'), letter.customerId]);
  if (letter.reason !== null) rows.push([say('reason'), letter.reason]);
  const parts = [facts(screen, rows)];
  if (letter.text !== null) parts.push(letter.text.trimEnd());
  if (letter.attempts.length > 0) parts.push(attemptsText(screen, letter));
  return parts.join('\n\n');
}

/** The attempts to send a letter, with the mail server's responses. */
export function attemptsText(screen: Screen, { attempts }: Letter, since?: string): string {
  return table(
    screen,
    attempts.map((attempt) => {
      const { key, colour } = OUTCOMES[attempt.outcome];
      const at =
        since === undefined
          ? screen.moment(attempt.startedAt)
          : `${offset(since, attempt.startedAt)} ${screen.say('ms')}`;
      return [
        screen.say('attempt', attempt.number),
        { text: at, right: true },
        { text: screen.duration(attempt.durationMs), right: true },
        { text: screen.say(key), colour },
        attempt.response ?? attempt.error ?? '',
      ];
    }),
  );
}

/** Milliseconds after a moment, `+12`. */
export function offset(since: string, at: string): string {
  const ms = Date.parse(at) - Date.parse(since);
  return ms < 0 ? String(ms) : `+${ms}`;
}

export function stateCell({ say }: Screen, { state }: Letter): Exclude<Cell, string> {
  return { text: say(state), colour: STATES[state] };
}
