import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerDifference, LedgerReport } from '#contracts/operator.ts';
import {
  addReport,
  byRelation,
  DIFFERENCES_SHOWN,
  NOTHING_CHECKED,
} from '../../console/model/ledger.ts';

const difference = (relation: LedgerDifference['relation'], id: string): LedgerDifference => ({
  relation,
  id,
  detail: 'x',
  remedy: 'by-hand',
  remedyText: 'x',
});

function reportOf(changes: Partial<LedgerReport>): LedgerReport {
  return {
    ok: true,
    complete: false,
    nextCursor: 'next',
    checked: { orders: 2, letters: 3, wallets: 4, events: 5 },
    waiting: { pendingOrders: 1, unpublishedEvents: 2, unreadEvents: 3, unsentLetters: 4 },
    failedLetters: 1,
    acknowledged: 1,
    differences: [],
    ...changes,
  };
}

test('pages of one reconciliation add up, and the last one decides whether it is complete', () => {
  const first = addReport(NOTHING_CHECKED, reportOf({}));
  assert.deepEqual([first.complete, first.nextCursor], [false, 'next']);
  const last = reportOf({
    ok: false,
    complete: true,
    nextCursor: null,
    differences: [difference('decision-order', 'a')],
  });
  assert.deepEqual(addReport(first, last), {
    checked: { orders: 4, letters: 6, wallets: 8, events: 10 },
    waiting: { pendingOrders: 2, unpublishedEvents: 4, unreadEvents: 6, unsentLetters: 8 },
    failedLetters: 2,
    acknowledged: 2,
    differences: last.differences,
    differenceCount: 1,
    complete: true,
    nextCursor: null,
  });
});

test('all differences are counted, not all kept', () => {
  const many = Array.from({ length: DIFFERENCES_SHOWN }, () => difference('event-letter', 'a'));
  const sums = addReport(
    addReport(NOTHING_CHECKED, reportOf({ differences: many })),
    reportOf({ differences: [difference('event-letter', 'b')] }),
  );
  assert.equal(sums.differences.length, DIFFERENCES_SHOWN);
  assert.equal(sums.differenceCount, DIFFERENCES_SHOWN + 1);
});

test('differences are grouped by relation', () => {
  const differences = [
    difference('event-letter', 'a'),
    difference('decision-order', 'b'),
    difference('event-letter', 'c'),
  ];
  assert.deepEqual(byRelation(differences), [
    ['event-letter', [differences[0], differences[2]]],
    ['decision-order', [differences[1]]],
  ]);
});
