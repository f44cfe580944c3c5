/** The fault lab of `npm start -- --lab`, whose API is not public (`GET /lab/faults`). */

export const FAULT_NAMES = [
  'billing-slow',
  'answer-lost',
  'payment-lost',
  'broker-away',
  'profiles-away',
  'mail-refuses',
  'mail-hangs',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

export interface LabFault {
  name: FaultName;
  on: boolean;
  /** When it ends by itself. */
  endsInS: number | null;
  /** Requests of payments that have met it. */
  hits: number;
}

export interface LabCheck {
  name: 'answer' | 'end' | 'charges' | 'waits' | 'letter';
  expected: string;
  observed: string | null;
  /** Null until it is known. */
  ok: boolean | null;
}

export interface LabStep {
  kind: string;
  from: string;
  to: string;
  outcome: 'done' | 'refused' | 'failed' | 'unknown' | 'waiting';
  detail: string | null;
  times: number;
}

/** An order that the lab has placed (`GET /lab/orders`). */
export interface LabOrder {
  number: number;
  id: string | null;
  faults: FaultName[];
  changed: boolean;
  answer: { status: number; afterMs: number } | null;
  status: 'Pending' | 'Paid' | 'Cancelled' | null;
  steps: LabStep[];
  checks: LabCheck[];
  complete: boolean;
  problem: string | null;
}

export interface LabState {
  faults: LabFault[];
  orders: LabOrder[];
}

// A letter that waits may go out at any moment.
const BUSY_MS = 1_000;
const IDLE_MS = 5_000;

/** When to read the lab again. */
export function labPollMs({ faults, orders }: LabState): number {
  const isBusy = faults.some(({ on }) => on) || orders.some(({ complete }) => !complete);
  return isBusy ? BUSY_MS : IDLE_MS;
}

export type LabVerdict = 'as-expected' | 'differs' | 'open' | 'not-placed';

/** Compares all of an order: one wrong value decides, and what is not known yet keeps it open. */
export function verdictOf({ checks, complete, id, problem }: LabOrder): LabVerdict {
  if (checks.some(({ ok }) => ok === false)) return 'differs';
  if (id === null && (complete || problem !== null)) return 'not-placed';
  return checks.every(({ ok }) => ok === true) ? 'as-expected' : 'open';
}
