import * as contract from '#contracts/operator.ts';
import { STORED_UUID } from '#contracts/patterns.ts';
import { remedyTexts } from '#contracts/repairs.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import type { ViolationPlace } from '#platform/errors.ts';
import { type Language, languageOf } from '#platform/http/language.ts';
import { decodeCursor, encodeCursor } from '#platform/http/page.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { ledgerClients } from './ledger-clients.ts';
import { type FoundDifference, type LedgerPlace, verifyLedger } from './verify-ledger.ts';

// Shorter than what stands before a gateway usually waits for an answer; the rest is asked for
// with the cursor.
const BUDGET_MS = 20_000;
const CURSOR = new RegExp(
  `^ledger:((?:orders|events):(?:${STORED_UUID})?|wallets:[\\x21-\\x7e]{0,255})$`,
);

/** The operator's check of the books across all services. */
export function serveLedger(app: HttpServer, gateway: Gateway): void {
  const stop = new AbortController();
  // Before the server waits for what runs: a check may run for long.
  app.addHook('preClose', async () => stop.abort());

  serve(
    app,
    contract.verifyLedger,
    { identify: gateway.identifyOperator },
    async ({ query, request, traceId }) => {
      const deps = ledgerClients(gateway.clients, {
        deadline: deadlineIn(BUDGET_MS),
        stop: stop.signal,
        traceId,
      });
      const { report, next } = await verifyLedger(deps, placeOf(query.cursor));
      const language = languageOf(request.headers['accept-language']);
      const differences = report.differences.map((each) => differenceOf(each, language));
      return { status: 200, body: { ...report, differences, nextCursor: cursorOf(next) } };
    },
  );
}

/** A difference as a reader gets it. */
export function differenceOf(
  { relation, id, detail, remedy }: FoundDifference,
  language: Language,
): contract.LedgerDifference {
  return { relation, id, detail, remedy, remedyText: remedyTexts[remedy][language] };
}

/** @returns null at the end */
export function cursorOf(place: LedgerPlace | null): string | null {
  return place && encodeCursor(`ledger:${place.phase}:${place.after ?? ''}`);
}

export function placeOf(cursor: string | undefined, given?: ViolationPlace): LedgerPlace | null {
  const key = decodeCursor(cursor, CURSOR, given);
  if (key === null) return null;
  const [, phase, after] = /^(\w+):(.*)$/.exec(key) as unknown as [string, string, string];
  return { phase: phase as LedgerPlace['phase'], after: after === '' ? null : after };
}
