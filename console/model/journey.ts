import type { Journey } from '#contracts/gateway.ts';
import type { JourneyStep, Participant } from '#contracts/journey.ts';
import { isSync, type Span, type TimedStep, timed } from './journey-time.ts';

/** The columns of the diagram, from left to right. */
export const PARTICIPANTS: Participant[] = [
  'client',
  'gateway',
  'orders',
  'billing',
  'broker',
  'notifications',
  'profiles',
  'smtp',
];

/** Waits of this length and more are rows of their own: as a part of the scale they hide the rest. */
export const PAUSE_MS = 1_000;

/** One step. */
export interface StepRow {
  type: 'step';
  key: string;
  timed: TimedStep;
  /** Its place on the scale of its part, in fractions of it. */
  bar: Bar | null;
}

/** Two attempts or more to send the letter, as one row. */
export interface AttemptsRow {
  type: 'attempts';
  key: string;
  /** All attempts; the answer lists the latest 50. */
  count: number;
  attempts: AttemptRow[];
  /** Null where no moment is recorded. */
  firstAt: string | null;
  lastAt: string | null;
  /** Its scale is its own: from the first attempt to the last. */
  scaleMs: number;
  last: JourneyStep;
}

export interface AttemptRow {
  number: number;
  steps: TimedStep[];
  /** Its place between the first attempt and the last. */
  bar: Bar | null;
  durationMs: number | null;
}

/** A wait between two steps. */
export interface PauseRow {
  type: 'pause';
  key: string;
  ms: number;
}

export type Row = StepRow | AttemptsRow | PauseRow;

export interface Bar {
  left: number;
  width: number;
}

/** The rows before or after the client's answer, with the length that a full bar stands for. */
export interface JourneyPart {
  name: 'sync' | 'async';
  scaleMs: number;
  rows: Row[];
}

/** The journey as a page shows it: in causal order, retries as one row, long waits cut out. */
export function partsOf(steps: JourneyStep[]): JourneyPart[] {
  const all = timed(steps);
  const sync = partOf(
    'sync',
    all.filter(({ step }) => isSync(step)),
    0,
  );
  const later = all.filter(({ step }) => !isSync(step));
  return [sync, partOf('async', later, sync.endMs)]
    .filter(({ rows }) => rows.length > 0)
    .map(({ name, scaleMs, rows }) => ({ name, scaleMs, rows }));
}

/** @param sinceMs the end of the part before it */
function partOf(
  name: JourneyPart['name'],
  steps: TimedStep[],
  sinceMs: number,
): JourneyPart & { endMs: number } {
  const rows: Row[] = [];
  const spans = new Map<StepRow, Span>();
  let endMs = sinceMs;
  /** What the scale leaves out so far: long waits, and the attempts with their own scale. */
  let cutMs = 0;
  for (const group of withAttempts(steps)) {
    const [fromMs, toMs] = [startOf(group), endOf(group)];
    if (fromMs !== null && fromMs - endMs >= PAUSE_MS) {
      rows.push({ type: 'pause', key: `pause-${rows.length}`, ms: fromMs - endMs });
      cutMs += fromMs - endMs;
    }
    endMs = Math.max(endMs, toMs ?? endMs);
    const [only] = group;
    if (group.length > 1 || only === undefined) {
      rows.push(attemptsRow(group));
      cutMs += (toMs ?? 0) - (fromMs ?? 0);
      continue;
    }
    const row: StepRow = { type: 'step', key: only.key, timed: only, bar: null };
    rows.push(row);
    if (fromMs === null || toMs === null) continue;
    spans.set(row, { fromMs: fromMs - cutMs, toMs: toMs - cutMs });
  }
  return { name, rows, endMs, scaleMs: placeBars(spans) };
}

/** Puts each bar on the scale. @returns what the whole width stands for */
function placeBars(spans: Map<StepRow, Span>): number {
  const all = [...spans.values()];
  const start = Math.min(...all.map(({ fromMs }) => fromMs));
  const scaleMs = all.length === 0 ? 0 : Math.max(...all.map(({ toMs }) => toMs)) - start;
  for (const [row, span] of spans) row.bar = barOf(span, start, scaleMs);
  return scaleMs;
}

function barOf({ fromMs, toMs }: Span, start: number, scaleMs: number): Bar {
  if (scaleMs === 0) return { left: 0, width: 0 };
  return { left: (fromMs - start) / scaleMs, width: (toMs - fromMs) / scaleMs };
}

const isTried = ({ step }: TimedStep) => step.attempt !== null && step.outcome !== 'waiting';

/** Each step alone, but the steps of two attempts or more together. */
function withAttempts(steps: TimedStep[]): TimedStep[][] {
  const tried = steps.filter(isTried);
  const alone = (some: TimedStep[]) => some.map((step) => [step]);
  if (new Set(tried.map(({ step }) => step.attempt)).size < 2) return alone(steps);
  const first = steps.findIndex(isTried);
  const others = steps.slice(first).filter((each) => !isTried(each));
  return [...alone(steps.slice(0, first)), tried, ...alone(others)];
}

function startOf(steps: TimedStep[]): number | null {
  return steps.find(({ span }) => span !== null)?.span?.fromMs ?? null;
}

function endOf(steps: TimedStep[]): number | null {
  const ends = steps.flatMap(({ span }) => (span === null ? [] : [span.toMs]));
  return ends.length === 0 ? null : Math.max(...ends);
}

function attemptsRow(steps: TimedStep[]): AttemptsRow {
  const start = startOf(steps) ?? 0;
  const scaleMs = (endOf(steps) ?? start) - start;
  const groups = Map.groupBy(steps, ({ step }) => step.attempt ?? 0);
  const attempts = [...groups].map(([number, own]) => attemptRow(number, own, start, scaleMs));
  const moments = steps.map(({ step }) => step.at).filter((at) => at !== null);
  return {
    type: 'attempts',
    key: 'attempts',
    count: Math.max(...groups.keys()),
    attempts,
    firstAt: moments[0] ?? null,
    lastAt: attempts.at(-1)?.steps.find(({ step }) => step.at !== null)?.step.at ?? null,
    scaleMs,
    last: (steps.at(-1) as TimedStep).step,
  };
}

function attemptRow(
  number: number,
  steps: TimedStep[],
  start: number,
  scaleMs: number,
): AttemptRow {
  const [fromMs, toMs] = [startOf(steps), endOf(steps)];
  const known = fromMs !== null && toMs !== null;
  return {
    number,
    steps,
    bar: known ? barOf({ fromMs, toMs }, start, scaleMs) : null,
    durationMs: known && toMs > fromMs ? toMs - fromMs : null,
  };
}

export type Ending = NonNullable<Journey['ending']>;

/** How the journey stands. Gateways of an older version do not say it. */
export function endingOf({ ending, complete, letter, deadLetter }: Journey): Ending {
  if (ending !== undefined) return ending;
  if (letter?.state === 'sent') return 'delivered';
  if (letter?.state === 'failed' || deadLetter?.state === 'dead') return 'failed';
  if (deadLetter?.state === 'discarded') return 'discarded';
  return complete ? 'expired' : 'open';
}

export type Next = NonNullable<Journey['next']>;

/** What happens next by itself; null where nothing does. */
export function nextOf(journey: Journey): Next | null {
  if (journey.next !== undefined) return journey.next;
  // An older gateway shows the next step as a waiting one.
  const waiting = journey.steps.find(({ outcome }) => outcome === 'waiting')?.kind;
  const kinds: Next['kind'][] = ['decide', 'record', 'publish', 'receive', 'send'];
  const kind = kinds.find((each) => each === waiting);
  return kind === undefined ? null : { kind, at: null };
}
