import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import * as contract from '#contracts/operator.ts';
import { STORED_UUID, uuidCursor } from '#contracts/patterns.ts';
import { remedyTexts, repairTexts } from '#contracts/repairs.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import type { Violation, ViolationPlace } from '#platform/errors.ts';
import { type Language, languageOf } from '#platform/http/language.ts';
import { decodeCursor, encodeCursor, pageOf } from '#platform/http/page.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import {
  type FoundDifference,
  LIMITS,
  type ReconciliationPosition,
  reconcile,
} from './reconcile.ts';
import { reconciliationClients } from './reconciliation-clients.ts';
import { listRepairs, repairClients } from './repair-clients.ts';
import { type Repaired, repairRecords } from './repair-records.ts';

// Shorter than the usual timeout of a proxy in front of a gateway; a client goes on by the cursor.
const TIMEOUT_MS = 20_000;
// Of the reconciliation before a repair. The steps that follow are few, so they need no deadline
// together.
const REPAIR_READ_TIMEOUT_MS = 10_000;
const STEPS_MAX = 50;
const CURSOR = new RegExp(
  `^ledger:((?:orders|events):(?:${STORED_UUID})?|wallets:[\\x21-\\x7e]{0,255})$`,
);
const REPAIRS_CURSOR = uuidCursor('repairs');

/** The operator's reconciliation of all services, the repair after a restore, and its list. */
export function serveReconciliation(app: HttpServer, gateway: Gateway): void {
  const { clients, identifyOperator: identify } = gateway;
  const stop = new AbortController();
  // Before the server waits for requests that run: a reconciliation may run for long.
  app.addHook('preClose', async () => stop.abort());
  const depsFor = (timeoutMs: number) =>
    reconciliationClients(clients, { deadline: deadlineIn(timeoutMs), stop: stop.signal });

  serve(app, contract.verifyLedger, { identify }, async ({ query, request }) => {
    const deps = depsFor(TIMEOUT_MS);
    const { report, next } = await reconcile(deps, positionOf(query.cursor));
    const language = languageOf(request.headers['accept-language']);
    const differences = report.differences.map((each) => differenceOf(each, language));
    return { status: 200, body: { ...report, differences, nextCursor: cursorOf(next) } };
  });

  serve(
    app,
    contract.repairBooks,
    { identify, check: missingReason },
    async ({ body, caller, request }) => {
      const deps = depsFor(REPAIR_READ_TIMEOUT_MS);
      const position = positionOf(body.cursor, { pointer: '/cursor' });
      const limits = { ...LIMITS, differences: STEPS_MAX };
      const { report, next } = await reconcile(deps, position, limits);
      const { apply, reason = '' } = body;
      const repaired = await repairRecords(
        repairClients(clients, caller.customerId),
        report.differences,
        {
          author: apply ? { reason, madeBy: caller.customerId } : null,
          writeOff: new Set(body.writeOff?.map((id) => id.toLowerCase())),
        },
      );
      const language = languageOf(request.headers['accept-language']);
      const steps = repaired.map((step) => stepOf(step, language));
      const { complete } = report;
      return { status: 200, body: { complete, nextCursor: cursorOf(next), steps } };
    },
  );

  serve(app, contract.readRepairs, { identify }, async ({ query }) => {
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const before = decodeCursor(query.cursor, REPAIRS_CURSOR);
    const repairs = await listRepairs(clients, { before, limit: limit + 1 });
    return { status: 200, body: pageOf(repairs, limit, ({ id }) => `repairs:${id}`) };
  });
}

/** A difference in the reader's language. */
function differenceOf(
  { relation, id, detail, remedy }: FoundDifference,
  language: Language,
): contract.LedgerDifference {
  return { relation, id, detail, remedy, remedyText: remedyTexts[remedy][language] };
}

/** @returns null at the end */
function cursorOf(position: ReconciliationPosition | null): string | null {
  return position && encodeCursor(`ledger:${position.phase}:${position.after ?? ''}`);
}

function positionOf(
  cursor: string | undefined,
  given?: ViolationPlace,
): ReconciliationPosition | null {
  const key = decodeCursor(cursor, CURSOR, given);
  if (key === null) return null;
  const [, phase, after] = /^(\w+):(.*)$/.exec(key) as unknown as [string, string, string];
  return { phase: phase as ReconciliationPosition['phase'], after: after === '' ? null : after };
}

/** A repair without a reason would leave a record without an explanation. */
function missingReason(body: unknown): Violation[] {
  const { apply, reason } = (body ?? {}) as { apply?: unknown; reason?: unknown };
  return apply === true && reason === undefined ? [{ pointer: '/reason', rule: 'required' }] : [];
}

function stepOf(repaired: Repaired, language: Language): contract.RepairedDifference {
  const { difference, remedy, state, refusal, customerId, money, balance, change } = repaired;
  const text = repairTexts[state === 'refused' ? (refusal ?? 'changed') : state];
  return {
    ...differenceOf({ ...difference, remedy }, language),
    state,
    stateText: text[language],
    refusal,
    customerId,
    money,
    balance,
    letter: change?.kind === 'event',
  };
}
