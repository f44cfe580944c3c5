import type { JourneyStep } from '#contracts/journey.ts';

// When each step happened and how long it took, so that no effect is shown before its cause.

/** Steps that happen while the client waits. */
const SYNC: JourneyStep['kind'][] = ['request', 'create', 'recover', 'decide', 'record', 'answer'];
/** Steps whose recorded moment is their beginning; that of the others is their end. */
const FROM_START: JourneyStep['kind'][] = ['contact', 'send'];
/** Steps that begin when the one before has ended, so that the time between is theirs. */
const AT_ONCE: JourneyStep['kind'][] = ['decide', 'record', 'receive'];

export function isSync({ kind }: JourneyStep): boolean {
  return SYNC.includes(kind);
}

/** A step with what a timeline shows. Moments are milliseconds since the first recorded one. */
export interface TimedStep {
  step: JourneyStep;
  /** Stable while new steps appear. */
  key: string;
  /** Null where no moment is recorded. */
  sinceStartMs: number | null;
  /** The recorded moment is another: clocks differ, or it was recorded late. */
  adjusted: boolean;
  /** Null where it is unknown. Without `recorded` it is the time between two records. */
  duration: { ms: number; recorded: boolean } | null;
  /** The bar; without a known duration a point, without a moment null. */
  span: Span | null;
}

export interface Span {
  fromMs: number;
  toMs: number;
}

export function timed(steps: JourneyStep[]): TimedStep[] {
  const recorded = steps.map(({ at }) => (at === null ? null : Date.parse(at)));
  const known = recorded.filter((moment) => moment !== null);
  const start = known.length === 0 ? 0 : Math.min(...known);
  const moments = inCausalOrder(steps, recorded);
  return steps.map((step, index) => {
    const moment = moments[index] ?? null;
    const duration = durationOf(steps, moments, index);
    return {
      step,
      key: `${step.kind}-${step.outcome === 'waiting' ? 'next' : (step.attempt ?? '')}`,
      sinceStartMs: moment === null ? null : moment - start,
      adjusted: moment !== recorded[index],
      duration,
      span:
        moment === null
          ? null
          : spanOf(step, moment - start, duration?.ms ?? 0, before(moments, index, start)),
    };
  });
}

/** Moments that never run back: each service has its own clock. */
function inCausalOrder(steps: JourneyStep[], recorded: (number | null)[]): (number | null)[] {
  const receive = steps.findIndex(({ kind }) => kind === 'receive');
  let latest = Number.NEGATIVE_INFINITY;
  return recorded.map((moment, index) => {
    if (moment === null) return null;
    const received = recorded[receive] ?? moment;
    // A publication is recorded once the broker has confirmed it, which may be after its delivery.
    const happened = steps[index]?.kind === 'publish' ? Math.min(moment, received) : moment;
    latest = Math.max(latest, happened);
    return latest;
  });
}

function durationOf(
  steps: JourneyStep[],
  moments: (number | null)[],
  index: number,
): TimedStep['duration'] {
  const { kind, attempt, durationMs, outcome } = steps[index] as JourneyStep;
  const moment = moments[index] ?? null;
  if (outcome === 'waiting') return null;
  // An answer is a moment: the sending before it took the time.
  if (kind === 'reply') return null;
  if (durationMs !== undefined && durationMs !== null) return { ms: durationMs, recorded: true };
  if (moment === null) return null;
  if (FROM_START.includes(kind)) {
    const next = steps[index + 1];
    const end = next?.attempt === attempt ? (moments[index + 1] ?? null) : null;
    return end === null ? null : { ms: end - moment, recorded: false };
  }
  const cause = moments[index - 1] ?? null;
  if (!AT_ONCE.includes(kind) || cause === null) return null;
  return { ms: moment - cause, recorded: false };
}

/** The latest moment before a step, since the start. */
function before(moments: (number | null)[], index: number, start: number): number {
  const former = moments.slice(0, index).findLast((moment) => moment !== null);
  return (former ?? start) - start;
}

/** A bar of true length that does not begin before the step that caused it. */
function spanOf(step: JourneyStep, momentMs: number, ms: number, causeMs: number): Span {
  if (FROM_START.includes(step.kind)) return { fromMs: momentMs, toMs: momentMs + ms };
  const fromMs = ms === 0 ? momentMs : Math.max(momentMs - ms, Math.min(causeMs, momentMs));
  return { fromMs, toMs: fromMs + ms };
}

/** From the first recorded moment to the end of the last step. */
export function lengthOf(steps: TimedStep[]): number | null {
  const ends = steps.flatMap(({ span }) => (span === null ? [] : [span.toMs]));
  return ends.length < 2 ? null : Math.max(...ends);
}
