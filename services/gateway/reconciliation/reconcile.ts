import type { LedgerReport } from '#contracts/operator.ts';
import {
  compareRecords,
  type OrderRecords,
  type ReadPositions,
  type RecordDifference,
} from './compare-records.ts';
import { type Bounds, type PageLimits, type ReadRecordsDeps, readRecords } from './read-records.ts';

/** A service's check of one range of its own records. */
interface Audit {
  checked: number;
  faults: { id: string; detail: string }[];
  /** The next range begins after this key, null at the end. */
  last: string | null;
}

export interface ReconcileDeps extends ReadRecordsDeps {
  auditEvents: (bounds: Bounds) => Promise<Audit>;
  auditWallets: (bounds: Bounds) => Promise<Audit>;
  /** False at the deadline or when the gateway stops: no further range is read. */
  mayGoOn: () => boolean;
  /** Resolves to false when the gateway stops before the end of the pause. */
  pause: (ms: number) => Promise<boolean>;
}

const PHASES = ['orders', 'events', 'wallets'] as const;
type Phase = (typeof PHASES)[number];

/** Where a reconciliation goes on: the phase, and the last key that was compared. */
export interface ReconciliationPosition {
  phase: Phase;
  after: string | null;
}

// Several times as long as an order and its letter take from the request to the inbox.
const REREAD_PAUSE_MS = 300;
const REREADS = 3;
// Small pages keep each statement short. Payments and letters have room for those without an order.
// The faults of one page fit into one answer.
export const LIMITS: ReconciliationLimits = {
  orders: 250,
  payments: 500,
  letters: 500,
  events: 200,
  wallets: 100,
  differences: 200,
};

export interface ReconciliationLimits extends PageLimits {
  events: number;
  wallets: number;
  /** Most differences of one answer; the next one goes on after them. */
  differences: number;
}

/** A difference with the records of its order, where it is about one. */
export type FoundDifference = RecordDifference & { records?: OrderRecords };

/** The result, before `reconciliation-routes.ts` adds texts in the reader's language. */
export type Reconciliation = Omit<LedgerReport, 'nextCursor' | 'differences'> & {
  differences: FoundDifference[];
};

/** The comparison at one key. */
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

/** The findings of one page, and its last key, null at the end. */
interface Page {
  findings: Finding[];
  end: string | null;
}

/**
 * Reconciles the records of all services page by page, until the deadline or until the answer is
 * full: orders with decisions, events and letters, then events without an order, then wallets.
 * Orders change meanwhile, so a difference is reported only if several reads find it.
 * @param from where the last answer ended; null: from the beginning
 * @param limits rows per page and differences per answer
 * @returns the report, and where the next call goes on, null when everything was compared
 */
export async function reconcile(
  deps: ReconcileDeps,
  from: ReconciliationPosition | null,
  limits: ReconciliationLimits = LIMITS,
): Promise<{ report: Reconciliation; next: ReconciliationPosition | null }> {
  const report = emptyReport();
  let position: ReconciliationPosition | null = from ?? { phase: 'orders', after: null };
  do {
    const page = await readUntilSettled(deps, position, limits);
    if (page === null) break;
    const fitting = takeFitting(page.findings, {
      room: limits.differences - report.differences.length,
      max: limits.differences,
    });
    for (const finding of fitting) add(report, finding);
    if (fitting.length < page.findings.length) {
      position = { phase: position.phase, after: fitting.at(-1)?.key ?? position.after };
      break;
    }
    position = positionAfter(position.phase, page.end);
  } while (position !== null && report.differences.length < limits.differences && deps.mayGoOn());
  const ok = report.differences.length === 0;
  return { report: { ...report, ok, complete: position === null }, next: position };
}

function positionAfter(phase: Phase, end: string | null): ReconciliationPosition | null {
  if (end !== null) return { phase, after: end };
  const next = PHASES[PHASES.indexOf(phase) + 1];
  return next === undefined ? null : { phase: next, after: null };
}

/** The findings that an answer still has room for, in their order. */
function takeFitting(findings: Finding[], { room, max }: { room: number; max: number }): Finding[] {
  let left = room;
  const [first] = findings;
  // One key with more differences than an answer holds: the rest is left out, or no answer ever
  // gets past this key.
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
 * A page with the differences that every read finds: an order that was created or that ended between
 * two reads of its page makes a difference that the next read does not find.
 * @returns null when the gateway stops: a difference that was found once must not be reported
 */
async function readUntilSettled(
  deps: ReconcileDeps,
  position: ReconciliationPosition,
  limits: ReconciliationLimits,
): Promise<Page | null> {
  let page = await readPage(deps, position, limits);
  let confirmed = namesIn(page);
  for (let number = 1; number <= REREADS && confirmed.size > 0; number++) {
    if (!(await deps.pause(REREAD_PAUSE_MS))) return null;
    page = await readPage(deps, position, limits);
    confirmed = confirmed.intersection(namesIn(page));
  }
  const findings = page.findings.map((finding) => ({
    ...finding,
    differences: finding.differences.filter((difference) => confirmed.has(nameOf(difference))),
  }));
  return { ...page, findings };
}

function namesIn({ findings }: Page): Set<string> {
  return new Set(findings.flatMap(({ differences }) => differences.map(nameOf)));
}

/** Without the detail: the balance of a wallet in use changes between two reads. */
function nameOf({ relation, id }: RecordDifference): string {
  return `${relation} ${id}`;
}

async function readPage(
  deps: ReconcileDeps,
  { phase, after }: ReconciliationPosition,
  limits: ReconciliationLimits,
): Promise<Page> {
  switch (phase) {
    case 'orders': {
      const { records, positions, end } = await readRecords(deps, after, limits);
      return { findings: records.map((each) => findingOf(each, positions)), end };
    }
    case 'events': {
      const audit = await deps.auditEvents({ after, limit: limits.events });
      return pageOf(audit, 'order-event', { events: audit.checked });
    }
    case 'wallets': {
      const audit = await deps.auditWallets({ after, limit: limits.wallets });
      return pageOf(audit, 'balance-operations', { wallets: audit.checked });
    }
  }
}

/** A service checks a range as a whole, so the range is one finding. */
function pageOf(
  { faults, last }: Audit,
  relation: RecordDifference['relation'],
  counts: Counts,
): Page {
  const differences = faults.map(({ id, detail }) => ({
    relation,
    id,
    detail,
    remedy: 'by-hand' as const,
  }));
  return { findings: [{ key: last ?? '', differences, counts }], end: last };
}

function findingOf(records: OrderRecords, positions: ReadPositions): Finding {
  const { orderId, order, letters } = records;
  const { differences, acknowledged, eventWaits } = compareRecords(records, positions);
  const unsent = letters.filter(({ state }) => state === 'queued' || state === 'sending');
  return {
    key: orderId,
    differences: differences.map((difference) => ({ ...difference, records })),
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

function emptyReport(): Omit<Reconciliation, 'ok' | 'complete'> {
  return {
    checked: { orders: 0, letters: 0, wallets: 0, events: 0 },
    waiting: { pendingOrders: 0, unpublishedEvents: 0, unreadEvents: 0, unsentLetters: 0 },
    failedLetters: 0,
    acknowledged: 0,
    differences: [],
  };
}

/** Adds to the sums at once, so that the findings of all orders are never in memory together. */
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
