import type { JourneyStep, Participant } from '#contracts/journey.ts';

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

/** Steps that happen while the client waits. */
const SYNC: JourneyStep['kind'][] = ['request', 'create', 'recover', 'decide', 'record', 'answer'];

export function isSync({ kind }: JourneyStep): boolean {
  return SYNC.includes(kind);
}

/** A step with its time since the first recorded moment. */
export interface TimedStep {
  step: JourneyStep;
  /** Milliseconds since the first recorded moment; null where none is recorded. */
  sinceStartMs: number | null;
}

export function timed(steps: JourneyStep[]): TimedStep[] {
  const moments = steps.flatMap(({ at }) => (at === null ? [] : [Date.parse(at)]));
  const start = moments.length === 0 ? 0 : Math.min(...moments);
  return steps.map((step) => ({
    step,
    sinceStartMs: step.at === null ? null : Date.parse(step.at) - start,
  }));
}

/** From the first recorded moment to the last. */
export function lengthOf(steps: JourneyStep[]): number | null {
  const known = timed(steps).flatMap(({ sinceStartMs }) => sinceStartMs ?? []);
  return known.length < 2 ? null : Math.max(...known);
}
