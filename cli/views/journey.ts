import type { Journey } from '#contracts/gateway.ts';
import type { JourneyStep } from '#contracts/journey.ts';
import type { CommandContext } from '../terminal/command-context.ts';
import type { Colour, Screen } from '../terminal/screen.ts';
import { type Cell, type Column, facts, table } from '../terminal/table.ts';
import { attemptsText, offset, stateCell } from './letter.ts';
import { orderNames, statusCell } from './order.ts';

const OUTCOMES: Record<JourneyStep['outcome'], Colour> = {
  done: 'green',
  refused: 'red',
  failed: 'red',
  unknown: 'yellow',
  waiting: 'dim',
};

/** Earlier attempts are one line each; all of them are at the letter. */
const ATTEMPTS_SHOWN = 3;

/**
 * The journey of an order: one line per step with time, duration, name, participants and outcome.
 * Below are the records of payment, event and letter, how it ended and what comes next.
 */
export function journeyText(context: CommandContext, journey: Journey): string {
  const { order } = journey;
  const since = order.createdAt;
  const parts = [
    facts(context, headRows(context, journey)),
    table(context, stepColumns(since), withoutRetries(journey.steps)),
    facts(context, recordRows(context, journey)),
  ];
  const attempts = journey.letter?.attempts ?? [];
  if (attempts.length > 0) {
    parts.push(attemptsText(context, attempts.slice(-ATTEMPTS_SHOWN), since));
  }
  const notes = notesOf(context, journey);
  if (notes.length > 0) parts.push(notes.join('\n'));
  return parts.filter((part) => part !== '').join('\n\n');
}

function headRows(context: CommandContext, { order, traceId, waitedMs }: Journey) {
  const { say } = context;
  const rows: [string, Cell][] = [
    ...orderNames(context, order.id),
    [say('status'), statusCell(order)],
    [say('total'), context.money(order.total)],
    [say('created'), context.moment(order.createdAt)],
  ];
  if (context.role === 'operator') rows.push([say('customer'), order.customerId]);
  // Absent from a gateway of an older version.
  if (waitedMs !== undefined && waitedMs !== null) {
    rows.push([say('waited'), context.duration(waitedMs)]);
  }
  if (traceId !== null) rows.push([say('trace'), traceId]);
  return rows;
}

/** A step, or all steps of the attempts before the last one. */
interface Row extends JourneyStep {
  attempts?: [first: number, last: number];
}

/** Twelve attempts have 72 steps: those of earlier attempts become one row. */
export function withoutRetries(steps: JourneyStep[]): Row[] {
  const last = Math.max(0, ...steps.map(({ attempt }) => attempt ?? 0));
  const earlier = steps.filter(({ attempt }) => attempt !== null && attempt < last);
  const [first] = earlier;
  const latest = earlier.at(-1);
  if (first === undefined || latest === undefined) return steps;
  const row: Row = {
    ...latest,
    kind: 'send',
    from: 'notifications',
    to: 'smtp',
    at: first.at,
    durationMs: null,
    detail: earlier.findLast(({ detail }) => detail !== null)?.detail ?? null,
    attempts: [first.attempt ?? 1, latest.attempt ?? 1],
  };
  return steps.flatMap((step) => {
    if (step === first) return [row];
    return earlier.includes(step) ? [] : [step];
  });
}

const stepColumns = (since: string): Column<Row>[] => [
  {
    head: 'headMs',
    cell: (_, { at }) => ({ text: at === null ? '' : offset(since, at), colour: 'dim' }),
    right: true,
  },
  {
    head: 'headTook',
    cell: ({ duration }, { durationMs }) =>
      durationMs === null || durationMs === undefined ? '' : duration(durationMs),
    right: true,
  },
  { head: 'headStep', cell: stepName },
  {
    head: 'headFromTo',
    cell: (_, { from, to }) => (from === to ? `${from} ↺` : `${from} → ${to}`),
  },
  {
    head: 'headOutcome',
    cell: ({ say }, { outcome }) => ({
      text: say(`outcome-${outcome}`),
      colour: OUTCOMES[outcome],
    }),
  },
  { head: 'headDetail', cell: ({ say }, { detail }) => decisionText(say, detail), fit: 'cut' },
];

function stepName({ say }: Screen, { attempt, attempts, kind }: Row): string {
  const name = say(`step-${kind}`);
  if (attempts === undefined) return attempt === null ? name : `${name} ${attempt}`;
  const [first, last] = attempts;
  return `${name} ${first === last ? first : `${first}–${last}`}`;
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

function notesOf(context: CommandContext, journey: Journey): string[] {
  const { complete, ending, next, resends = [], unavailable } = journey;
  const { moment, paint, say } = context;
  const notes = resends.map(({ actor, at, by }) =>
    say(`resentBy-${by}`, moment(at), actor ?? '').trimEnd(),
  );
  if (ending !== undefined) {
    notes.push(paint(ENDINGS[ending], say(`ending-${ending}`)));
  } else if (!complete) {
    notes.push(paint('dim', say('underWay')));
  }
  if (next) {
    const when = next.at === null ? '' : `, ${moment(next.at)}`;
    notes.push(say('nextStep', say(`next-${next.kind}`) + when));
  }
  if (unavailable.length > 0) {
    notes.push(paint('yellow', say('missingParts', unavailable.join(', '))));
  }
  return notes;
}

const ENDINGS: Record<NonNullable<Journey['ending']>, Colour> = {
  open: 'dim',
  delivered: 'green',
  failed: 'red',
  discarded: 'yellow',
  expired: 'dim',
};
