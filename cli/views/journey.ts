import type { Journey } from '#contracts/gateway.ts';
import type { JourneyStep } from '#contracts/journey.ts';
import { type Cell, type Colour, facts, type Screen, table } from '../terminal/screen.ts';
import { attemptsText, offset, stateCell } from './letter.ts';
import { statusCell } from './order.ts';

const OUTCOMES: Record<JourneyStep['outcome'], Colour> = {
  done: 'green',
  refused: 'red',
  failed: 'red',
  unknown: 'yellow',
  waiting: 'dim',
};

/**
 * The journey of an order: one line per step with time, participants, name and outcome. Below are the
 * records of payment, event and letter.
 */
export function journeyText(screen: Screen, journey: Journey): string {
  const { order } = journey;
  const since = order.createdAt;
  const head = facts(screen, [
    [screen.say('orderId'), order.id],
    [screen.say('status'), statusCell(order)],
    [screen.say('total'), screen.money(order.total)],
    [screen.say('created'), screen.moment(since)],
  ]);
  const steps = table(
    screen,
    journey.steps.map((step) => stepRow(screen, step, since)),
  );
  const parts = [head, steps, facts(screen, recordRows(screen, journey))];
  const { letter } = journey;
  if (letter !== null && letter.attempts.length > 0) {
    parts.push(attemptsText(screen, letter, since));
  }
  const notes = notesOf(screen, journey);
  if (notes.length > 0) parts.push(notes.join('\n'));
  return parts.filter((part) => part !== '').join('\n\n');
}

function stepRow({ say }: Screen, step: JourneyStep, since: string): Cell[] {
  const { at, attempt, detail, from, kind, outcome, to } = step;
  const name = say(`step-${kind}`);
  return [
    { text: at === null ? '' : `${offset(since, at)} ${say('ms')}`, right: true, colour: 'dim' },
    from,
    from === to ? '  ↺' : '──▶',
    to,
    attempt === null ? name : `${name}, ${say('attempt', attempt)}`,
    { text: say(`outcome-${outcome}`), colour: OUTCOMES[outcome] },
    decisionText(say, detail),
  ];
}

const DECISIONS = ['captured', 'declined', 'voided'] as const;

/** A decision in words; other details are for people already. */
function decisionText(say: Screen['say'], detail: string | null): string {
  const decision = DECISIONS.find((each) => each === detail);
  return decision === undefined ? (detail ?? '') : say(decision);
}

function recordRows(screen: Screen, journey: Journey): [string, Cell][] {
  const { deadLetter, event, letter, order, payment, recovery } = journey;
  const { say } = screen;
  const rows: [string, Cell][] = [];
  if (payment !== null) {
    const { balanceSeen } = payment;
    const seen = balanceSeen === null ? '' : `, ${say('balanceSeen', screen.money(balanceSeen))}`;
    const when = `${offset(order.createdAt, payment.decidedAt)} ${say('ms')}`;
    rows.push([say('payment'), `${say(payment.decision)}${seen} (${when})`]);
  }
  if (recovery.attempts > 0) {
    const tries = say('recoveryTries', recovery.attempts);
    rows.push([say('recovery'), [tries, recovery.error ?? ''].filter(Boolean).join(': ')]);
  }
  if (event !== null) rows.push([say('event'), eventText(screen, event, order.createdAt)]);
  if (letter !== null) {
    const state = stateCell(screen, letter);
    const more = [letter.to ?? '', letter.reason ?? ''].filter(Boolean).join(', ');
    rows.push([say('letterOf'), `${screen.paint(state.colour ?? 'dim', state.text)}  ${more}`]);
  }
  if (deadLetter !== null) {
    rows.push([say('deadLetter'), `${say(deadLetter.state)}: ${deadLetter.error}`]);
  }
  return rows;
}

function eventText({ say }: Screen, event: NonNullable<Journey['event']>, since: string): string {
  const { offset: position, partition, publishedAt, topic } = event;
  // The outbox deletes old rows, and with them the offset and the time.
  if (partition === null || position === null) {
    return event.createdAt !== null && publishedAt === null
      ? say('eventWaiting')
      : say('eventPlaceUnknown', topic);
  }
  const where = say('eventPlace', topic, partition, position);
  return publishedAt === null ? where : `${where} (${offset(since, publishedAt)} ${say('ms')})`;
}

function notesOf({ paint, say }: Screen, { complete, unavailable }: Journey): string[] {
  return [
    ...(unavailable.length > 0
      ? [paint('yellow', say('missingParts', unavailable.join(', ')))]
      : []),
    ...(complete ? [] : [paint('dim', say('underWay'))]),
  ];
}
