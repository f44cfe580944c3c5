import type { FaultName } from './links.ts';

/** What is known of an order of the lab. */
export interface Observed {
  /** The faults that were on when it was placed. */
  faults: FaultName[];
  /** Whether a switch was turned before the answer came: then only the rules of money are checked. */
  changed: boolean;
  answer: { status: number; afterMs: number } | null;
  status: 'Pending' | 'Paid' | 'Cancelled' | null;
  /** Charges of this order among the operations of the wallet. */
  charges: number | null;
  letters: { kind: string; state: string }[];
  /** Whether the letter waited while a fault kept it from going out; null where not seen yet. */
  waited: boolean | null;
}

/** One comparison; `ok` is null until it is known. */
export interface Check {
  name: 'answer' | 'end' | 'charges' | 'waits' | 'letter';
  expected: string;
  observed: string | null;
  ok: boolean | null;
}

const DELAYS_ANSWER: FaultName[] = ['billing-slow', 'payment-lost'];
/** The faults that keep letters from going out. */
export const DELAYS_LETTER: FaultName[] = [
  'broker-away',
  'profiles-away',
  'mail-refuses',
  'mail-hangs',
];

/** Compares what the protocol promises under these faults with what happened. */
export function checksOf(seen: Observed): Check[] {
  const has = (names: FaultName[]) => seen.faults.some((name) => names.includes(name));
  // A payment that never reached billing is voided by recovery.
  const end = has(['payment-lost']) ? 'Cancelled' : 'Paid';
  const ended = seen.status === 'Pending' ? null : seen.status;
  const found = seen.changed ? ended : end;
  const kind = found === 'Cancelled' ? 'grief' : 'happiness';
  const checks: Check[] = [];
  if (!seen.changed) {
    const answered = seen.answer === null ? null : String(seen.answer.status);
    checks.push(check('answer', has(DELAYS_ANSWER) ? '202' : '201', answered));
    checks.push(check('end', end, ended));
  }
  // Before the order has ended a charge may still come.
  const charges = ended === null || seen.charges === null ? null : String(seen.charges);
  checks.push(check('charges', found === 'Cancelled' ? '0' : '1', charges));
  if (has(DELAYS_LETTER)) {
    const observed = seen.waited === null ? null : seen.waited ? 'waits' : 'sent';
    checks.push(check('waits', 'waits', observed));
  }
  checks.push(check('letter', `1 ${kind}`, letterOf(seen.letters)));
  return checks;
}

function check(name: Check['name'], expected: string, observed: string | null): Check {
  return { name, expected, observed, ok: observed === null ? null : observed === expected };
}

/** Null while there is none, or while one may still go out. */
function letterOf(letters: Observed['letters']): string | null {
  if (letters.length === 0) return null;
  if (letters.some(({ state }) => state === 'queued' || state === 'sending')) return null;
  if (letters.some(({ state }) => state === 'failed')) return 'failed';
  const kinds = new Set(letters.map(({ kind }) => kind));
  return `${letters.length} ${[...kinds].join(', ')}`;
}
