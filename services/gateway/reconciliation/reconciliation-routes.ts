import * as contract from '#contracts/operator.ts';
import { STORED_UUID } from '#contracts/patterns.ts';
import { remedyTexts } from '#contracts/repairs.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import type { ViolationPlace } from '#platform/errors.ts';
import { type Language, languageOf } from '#platform/http/language.ts';
import { decodeCursor, encodeCursor } from '#platform/http/page.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { type FoundDifference, type ReconciliationPosition, reconcile } from './reconcile.ts';
import { reconciliationClients } from './reconciliation-clients.ts';

// Shorter than the usual timeout of a proxy in front of a gateway; a client goes on by the cursor.
const TIMEOUT_MS = 20_000;
const CURSOR = new RegExp(
  `^ledger:((?:orders|events):(?:${STORED_UUID})?|wallets:[\\x21-\\x7e]{0,255})$`,
);

/** The operator's reconciliation of all services. */
export function serveReconciliation(app: HttpServer, gateway: Gateway): void {
  const stop = new AbortController();
  // Before the server waits for requests that run: a reconciliation may run for long.
  app.addHook('preClose', async () => stop.abort());

  serve(
    app,
    contract.verifyLedger,
    { identify: gateway.identifyOperator },
    async ({ query, request, traceId }) => {
      const deps = reconciliationClients(gateway.clients, {
        deadline: deadlineIn(TIMEOUT_MS),
        stop: stop.signal,
        traceId,
      });
      const { report, next } = await reconcile(deps, positionOf(query.cursor));
      const language = languageOf(request.headers['accept-language']);
      const differences = report.differences.map((each) => differenceOf(each, language));
      return { status: 200, body: { ...report, differences, nextCursor: cursorOf(next) } };
    },
  );
}

/** A difference in the reader's language. */
export function differenceOf(
  { relation, id, detail, remedy }: FoundDifference,
  language: Language,
): contract.LedgerDifference {
  return { relation, id, detail, remedy, remedyText: remedyTexts[remedy][language] };
}

/** @returns null at the end */
export function cursorOf(position: ReconciliationPosition | null): string | null {
  return position && encodeCursor(`ledger:${position.phase}:${position.after ?? ''}`);
}

export function positionOf(
  cursor: string | undefined,
  given?: ViolationPlace,
): ReconciliationPosition | null {
  const key = decodeCursor(cursor, CURSOR, given);
  if (key === null) return null;
  const [, phase, after] = /^(\w+):(.*)$/.exec(key) as unknown as [string, string, string];
  return { phase: phase as ReconciliationPosition['phase'], after: after === '' ? null : after };
}
