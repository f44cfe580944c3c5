import type { LedgerDifference, LedgerReport } from '#contracts/operator.ts';

/** The sums of all answers of one reconciliation so far. */
export interface LedgerSums {
  checked: LedgerReport['checked'];
  waiting: LedgerReport['waiting'];
  failedLetters: number;
  acknowledged: number;
  /** The first `DIFFERENCES_SHOWN`: a browser cannot show hundreds of thousands. */
  differences: LedgerDifference[];
  /** All of them. */
  differenceCount: number;
  complete: boolean;
  /** Continues the reconciliation; null at its end. */
  nextCursor: string | null;
}

export const DIFFERENCES_SHOWN = 500;

export const NOTHING_CHECKED: LedgerSums = {
  checked: { orders: 0, letters: 0, wallets: 0, events: 0 },
  waiting: { pendingOrders: 0, unpublishedEvents: 0, unreadEvents: 0, unsentLetters: 0 },
  failedLetters: 0,
  acknowledged: 0,
  differences: [],
  differenceCount: 0,
  complete: false,
  nextCursor: null,
};

/** The sums with one more answer of the same reconciliation. */
export function addReport(sums: LedgerSums, report: LedgerReport): LedgerSums {
  return {
    checked: added(sums.checked, report.checked),
    waiting: added(sums.waiting, report.waiting),
    failedLetters: sums.failedLetters + report.failedLetters,
    // Absent from a gateway of an older version.
    acknowledged: sums.acknowledged + (report.acknowledged ?? 0),
    differences: [...sums.differences, ...report.differences].slice(0, DIFFERENCES_SHOWN),
    differenceCount: sums.differenceCount + report.differences.length,
    complete: report.complete,
    nextCursor: report.nextCursor,
  };
}

function added<T extends Record<string, number>>(one: T, other: T): T {
  const names = Object.keys(one) as (keyof T)[];
  return Object.fromEntries(
    names.map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]),
  ) as unknown as T;
}

/** The differences by relation, in the order in which they were found. */
export function byRelation(
  differences: LedgerDifference[],
): [relation: LedgerDifference['relation'], differences: LedgerDifference[]][] {
  return [...Map.groupBy(differences, ({ relation }) => relation)];
}
