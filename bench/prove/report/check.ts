import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { queryRows } from '#harness/database.ts';
import { retry } from '#harness/eventually.ts';
import { violationsIn } from '#harness/oracle/compare-rows.ts';
import { passLeases, type RestTimeouts, untilQuiet } from '#harness/oracle/oracle.ts';
import { readStoredState, type StoredState } from '#harness/oracle/stored-state.ts';
import { type Client, FINAL, type Sample } from '../load/client.ts';
import { alarmViolations } from '../system/alarms.ts';
import type { SystemUnderTest } from '../system/system.ts';

/** For anything to move while work is in progress, and for all of it to end. */
const REST_TIMEOUTS = { standstillMs: 60_000, totalMs: 5 * 60_000 };
const HASTEN_EVERY_MS = 2_000;
// Of first answers; most of the others come from gateways that are dead at that moment.
const FINAL_SHARE_MIN = 0.6;
const LISTED_MAX = 5;

/** Everything that may be wrong once all work is done. */
export async function checkAll(
  system: SystemUnderTest,
  client: Client,
  timeouts: RestTimeouts = REST_TIMEOUTS,
): Promise<{ state: StoredState; violations: string[] }> {
  const stuck = await comeToRest(system, timeouts).catch((error: Error) => error.message);
  const state = { ...(await readStoredState(system)), topicLostAt: system.topicLostAt };
  return {
    state,
    violations: [
      ...(stuck === undefined ? [] : [stuck]),
      ...violationsIn(state, client.history),
      ...client.misreads,
      ...(await reconciliationViolations(system, client)),
      ...alarmViolations(system.alarms),
      ...system.unexpectedExits,
    ],
  };
}

/** @throws Error that lists what is stuck */
async function comeToRest(system: SystemUnderTest, timeouts: RestTimeouts): Promise<void> {
  // Neither the leases of dead processes nor the pauses between attempts delay the check.
  await passLeases(system);
  const hasten = () =>
    queryRows(
      system.databaseUrl('notifications'),
      "update letters set due_at = now() where state = 'queued' and due_at > now()",
    ).catch(() => {});
  const timer = setInterval(hasten, HASTEN_EVERY_MS);
  try {
    await untilQuiet(system, timeouts);
  } finally {
    clearInterval(timer);
  }
}

interface Reconciliation {
  ok: boolean;
  differences: { relation: string; id: string; detail: string }[];
  nextCursor: string | null;
}

/** Reads the operator's reconciliation page by page; it must agree with the oracle. */
async function reconciliationViolations(
  system: SystemUnderTest,
  client: Client,
): Promise<string[]> {
  const [gateway] = system.gateways as [string];
  const operator = await client.signIn(gateway, OPERATOR_EMAIL, system.secrets.operatorPassword);
  const breaches: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = `/v1/operator/ledger/verify${cursor === '' ? '' : `?cursor=${cursor}`}`;
    const page: Reconciliation = await retry('a page of the reconciliation', async () => {
      const answer = await client.send('GET', gateway, operator, path);
      if (answer?.status === 200) return answer.body;
      throw new Error(`answered ${answer?.status} ${JSON.stringify(answer?.body)}`);
    });
    if (!page.ok) {
      const listed = page.differences.slice(0, LISTED_MAX);
      breaches.push(`the reconciliation found ${JSON.stringify(listed)}`);
    }
    cursor = page.nextCursor;
  }
  return breaches;
}

/** Without faults each order has a final answer at once, and only another body is refused. */
export function calmViolations(samples: Sample[]): string[] {
  const wrong = samples.filter(({ status, hungUp, otherBody }) => {
    if (hungUp && status === 0) return false;
    return otherBody ? status !== 422 : status !== 201 && status !== 406;
  });
  const alike = Map.groupBy(wrong, ({ status, otherBody }) => `${status} ${otherBody}`);
  return [...alike.values()].map((all) => {
    const [{ status, otherBody } = { status: 0, otherBody: false }] = all;
    const listed = all
      .slice(0, LISTED_MAX)
      .map(({ key, ms }) => `${key} after ${ms.toFixed(0)} ms`);
    const what = otherBody ? 'for another body under a used key' : 'for an order';
    return `in calm ${all.length} answers ${status || 'none'} ${what}, such as ${listed.join(', ')}`;
  });
}

/** Under faults most orders still have a final answer at once. */
export function shareViolations(samples: Sample[]): string[] {
  const { final, all } = finalShare(samples);
  if (all > 0 && final / all >= FINAL_SHARE_MIN) return [];
  return [`under faults ${final} of ${all} first answers were final, not ${FINAL_SHARE_MIN}`];
}

/** How many first answers were final. */
export function finalShare(samples: Sample[]): { final: number; all: number } {
  const firsts = samples.filter(({ first }) => first);
  const final = firsts.filter(({ status }) => FINAL.includes(status)).length;
  return { final, all: firsts.length };
}
