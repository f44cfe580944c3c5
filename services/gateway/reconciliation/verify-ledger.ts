import type { LedgerReport } from '#contracts/operator.ts';
import {
  type BookDifference,
  compareBooks,
  type OrderBooks,
  type ReadPositions,
} from './compare-books.ts';
import { type Bounds, type PageLimits, type ReadBooksDeps, readBooks } from './read-books.ts';

/** What a service found when it looked through its own books. */
interface Audit {
  checked: number;
  faults: { id: string; detail: string }[];
  /** Where the next part goes on, null at the end. */
  last: string | null;
}

export interface VerifyLedgerDeps extends ReadBooksDeps {
  auditEvents: (bounds: Bounds) => Promise<Audit>;
  auditWallets: (bounds: Bounds) => Promise<Audit>;
  /** False ends the check before its next part: the time is over, or the gateway stops. */
  mayGoOn: () => boolean;
  /** Resolves to false when it was not waited to the end: the gateway stops. */
  pause: (ms: number) => Promise<boolean>;
}

const PHASES = ['orders', 'events', 'wallets'] as const;
type Phase = (typeof PHASES)[number];

/** Where the check goes on: which books, and after which key of theirs. */
export interface LedgerPlace {
  phase: Phase;
  after: string | null;
}

// A few times the time in which an order ends and its letter is in the inbox.
const REREAD_PAUSE_MS = 300;
const REREADS = 3;
// Small answers, so that each is a short statement; payments and letters have room for those that
// belong to no order. Faults of one part never pass what an answer may tell.
export const LIMITS: LedgerLimits = {
  orders: 250,
  payments: 500,
  letters: 500,
  events: 200,
  wallets: 100,
  differences: 200,
};

export interface LedgerLimits extends PageLimits {
  events: number;
  wallets: number;
  /** As many differences as one answer has; the next one goes on behind them. */
  differences: number;
}

/** A difference with all that was read about its order; none where it is about no order. */
export type FoundDifference = BookDifference & { books?: OrderBooks };

/** What a check found, before it is worded for a reader. */
export type LedgerFindings = Omit<LedgerReport, 'nextCursor' | 'differences'> & {
  differences: FoundDifference[];
};

/** What was compared at one key of the books. */
interface Finding {
  key: string;
  differences: FoundDifference[];
  counts: Counts;
}

type Counts = Partial<Record<CountName, number>>;
type CountName =
  | keyof LedgerReport['checked']
  | keyof LedgerReport['waiting']
  | 'failedLetters'
  | 'acknowledged';

/** Some findings by their keys, and the key that they reach to, null at the end. */
interface Part {
  findings: Finding[];
  end: string | null;
}

/**
 * Compares the books of all services, part by part, as far as time and the length of an answer
 * allow: orders with decisions, events and letters, then events without an order, then wallets.
 * Work goes on meanwhile, so only what stands in several readings is a difference.
 * @param from where a former check stopped; null from the beginning
 * @param limits rows per answer
 * @returns the report, and where the next check goes on, null when everything was checked
 */
export async function verifyLedger(
  deps: VerifyLedgerDeps,
  from: LedgerPlace | null,
  limits: LedgerLimits = LIMITS,
): Promise<{ report: LedgerFindings; next: LedgerPlace | null }> {
  const report = emptyReport();
  let place: LedgerPlace | null = from ?? { phase: 'orders', after: null };
  do {
    const part = await readUntilSettled(deps, place, limits);
    if (part === null) break;
    const taken = takeWhatFits(part.findings, {
      room: limits.differences - report.differences.length,
      max: limits.differences,
    });
    for (const finding of taken) add(report, finding);
    if (taken.length < part.findings.length) {
      place = { phase: place.phase, after: taken.at(-1)?.key ?? place.after };
      break;
    }
    place = placeAfter(place.phase, part.end);
  } while (place !== null && report.differences.length < limits.differences && deps.mayGoOn());
  const ok = report.differences.length === 0;
  return { report: { ...report, ok, complete: place === null }, next: place };
}

function placeAfter(phase: Phase, end: string | null): LedgerPlace | null {
  if (end !== null) return { phase, after: end };
  const next = PHASES[PHASES.indexOf(phase) + 1];
  return next === undefined ? null : { phase: next, after: null };
}

/** The findings that an answer still has room for, whole ones, in their order. */
function takeWhatFits(
  findings: Finding[],
  { room, max }: { room: number; max: number },
): Finding[] {
  let left = room;
  const [first] = findings;
  // One key alone with more than any answer holds: the rest of it is not told.
  if (first !== undefined && room === max && first.differences.length > room) {
    return [{ ...first, differences: first.differences.slice(0, room) }];
  }
  const end = findings.findIndex(({ differences }) => {
    left -= differences.length;
    return left < 0;
  });
  return end === -1 ? findings : findings.slice(0, end);
}

/**
 * A part with those of its differences that stand in every reading: an order that was created
 * after its page was read, or that ended in between, is not the same the next time.
 * @returns null when the gateway stops: what was read once is not to be told
 */
async function readUntilSettled(
  deps: VerifyLedgerDeps,
  place: LedgerPlace,
  limits: LedgerLimits,
): Promise<Part | null> {
  let part = await readPart(deps, place, limits);
  let standing = namesIn(part);
  for (let number = 1; number <= REREADS && standing.size > 0; number++) {
    if (!(await deps.pause(REREAD_PAUSE_MS))) return null;
    part = await readPart(deps, place, limits);
    standing = standing.intersection(namesIn(part));
  }
  const findings = part.findings.map((finding) => ({
    ...finding,
    differences: finding.differences.filter((difference) => standing.has(nameOf(difference))),
  }));
  return { ...part, findings };
}

function namesIn({ findings }: Part): Set<string> {
  return new Set(findings.flatMap(({ differences }) => differences.map(nameOf)));
}

/** Without the detail: a wallet in use has another balance each time. */
function nameOf({ relation, id }: BookDifference): string {
  return `${relation} ${id}`;
}

async function readPart(
  deps: VerifyLedgerDeps,
  { phase, after }: LedgerPlace,
  limits: LedgerLimits,
): Promise<Part> {
  switch (phase) {
    case 'orders': {
      const { books, positions, end } = await readBooks(deps, after, limits);
      return { findings: books.map((each) => findingOf(each, positions)), end };
    }
    case 'events': {
      const audit = await deps.auditEvents({ after, limit: limits.events });
      return partOf(audit, 'order-event', { events: audit.checked });
    }
    case 'wallets': {
      const audit = await deps.auditWallets({ after, limit: limits.wallets });
      return partOf(audit, 'balance-operations', { wallets: audit.checked });
    }
  }
}

/** A service counts its own part as a whole, so it is told as a whole. */
function partOf(
  { faults, last }: Audit,
  relation: BookDifference['relation'],
  counts: Counts,
): Part {
  const differences = faults.map(({ id, detail }) => ({
    relation,
    id,
    detail,
    remedy: 'by-hand' as const,
  }));
  return { findings: [{ key: last ?? '', differences, counts }], end: last };
}

function findingOf(books: OrderBooks, positions: ReadPositions): Finding {
  const { orderId, order, letters } = books;
  const { differences, acknowledged, eventWaits } = compareBooks(books, positions);
  const unsent = letters.filter(({ state }) => state === 'queued' || state === 'sending');
  return {
    key: orderId,
    differences: differences.map((difference) => ({ ...difference, books })),
    counts: {
      acknowledged,
      orders: order === undefined ? 0 : 1,
      letters: letters.length,
      pendingOrders: order?.status === 'Pending' ? 1 : 0,
      unpublishedEvents: eventWaits === 'unpublished' ? 1 : 0,
      unreadEvents: eventWaits === 'unread' ? 1 : 0,
      unsentLetters: unsent.length,
      failedLetters: letters.filter(({ state }) => state === 'failed').length,
    },
  };
}

function emptyReport(): Omit<LedgerFindings, 'ok' | 'complete'> {
  return {
    checked: { orders: 0, letters: 0, wallets: 0, events: 0 },
    waiting: { pendingOrders: 0, unpublishedEvents: 0, unreadEvents: 0, unsentLetters: 0 },
    failedLetters: 0,
    acknowledged: 0,
    differences: [],
  };
}

/** Adds to the sums at once: the findings of all orders would be many. */
function add(report: ReturnType<typeof emptyReport>, { counts, differences }: Finding): void {
  const { checked, waiting } = report;
  for (const name of namesOf(checked)) checked[name] += counts[name] ?? 0;
  for (const name of namesOf(waiting)) waiting[name] += counts[name] ?? 0;
  report.failedLetters += counts.failedLetters ?? 0;
  report.acknowledged += counts.acknowledged ?? 0;
  report.differences.push(...differences);
}

function namesOf<T extends object>(sums: T): (keyof T)[] {
  return Object.keys(sums) as (keyof T)[];
}
