import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import * as contract from '#contracts/operator.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import { repairTexts } from '#contracts/repairs.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import type { Violation } from '#platform/errors.ts';
import { type Language, languageOf } from '#platform/http/language.ts';
import { decodeCursor, pageOf } from '#platform/http/page.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { LIMITS, reconcile } from './reconcile.ts';
import { reconciliationClients } from './reconciliation-clients.ts';
import { cursorOf, differenceOf, positionOf } from './reconciliation-routes.ts';
import { listRepairs, repairClients } from './repair-clients.ts';
import { type Repaired, repairRecords } from './repair-records.ts';

// Of the reconciliation. The steps that follow are few, so they need no deadline together.
const READ_TIMEOUT_MS = 10_000;
const STEPS_MAX = 50;
const CURSOR = uuidCursor('repairs');

/** The operator's repair after a restore, and the list of repairs. */
export function serveRepairs(app: HttpServer, gateway: Gateway): void {
  const { clients, identifyOperator } = gateway;
  const stop = new AbortController();
  // Before the server waits for requests that run: a reconciliation may run for long.
  app.addHook('preClose', async () => stop.abort());

  serve(
    app,
    contract.repairBooks,
    { identify: identifyOperator, check: missingReason },
    async ({ body, caller, request, traceId }) => {
      const deadline = deadlineIn(READ_TIMEOUT_MS);
      const deps = reconciliationClients(clients, { deadline, stop: stop.signal, traceId });
      const position = positionOf(body.cursor, { pointer: '/cursor' });
      const limits = { ...LIMITS, differences: STEPS_MAX };
      const { report, next } = await reconcile(deps, position, limits);
      const { apply, reason = '' } = body;
      const steps = await repairRecords(repairClients(clients, traceId), report.differences, {
        author: apply ? { reason, madeBy: caller.customerId } : null,
        writeOff: new Set(body.writeOff?.map((id) => id.toLowerCase())),
      });
      const language = languageOf(request.headers['accept-language']);
      const { complete } = report;
      return {
        status: 200,
        body: {
          complete,
          nextCursor: cursorOf(next),
          steps: steps.map((step) => stepOf(step, language)),
        },
      };
    },
  );

  serve(app, contract.readRepairs, { identify: identifyOperator }, async ({ query, traceId }) => {
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const before = decodeCursor(query.cursor, CURSOR);
    const repairs = await listRepairs(clients, { before, limit: limit + 1, traceId });
    return { status: 200, body: pageOf(repairs, limit, ({ id }) => `repairs:${id}`) };
  });
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
