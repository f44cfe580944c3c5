import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { passLeases, type RestLimits, readBooks, untilQuiet } from '#harness/books/books.ts';
import { type Books, breachesIn } from '#harness/books/breaches.ts';
import { queryRows } from '#harness/database.ts';
import { REST_LIMITS, withPatience } from '../common/waiting.ts';
import { type Client, FINAL, type Sample } from '../load/client.ts';
import { alarmBreaches } from '../system/alarms.ts';
import type { Place } from '../system/system.ts';

const HASTEN_EVERY_MS = 2_000;
// Of first answers; most of the others come from gateways that are dead at that moment.
const FINAL_SHARE_MIN = 0.6;
const LISTED_MAX = 5;

/** Everything that may be wrong once all work is done. */
export async function checkAll(
  place: Place,
  client: Client,
  limits: RestLimits = REST_LIMITS,
): Promise<{ books: Books; violations: string[] }> {
  const stuck = await comeToRest(place, limits).catch((error: Error) => error.message);
  const books = { ...(await readBooks(place)), topicLostAt: place.topicLostAt };
  return {
    books,
    violations: [
      ...(stuck === undefined ? [] : [stuck]),
      ...breachesIn(books, client.history),
      ...client.misreads,
      ...(await reconciliationBreaches(place, client)),
      ...alarmBreaches(place.alarms),
      ...place.unexpectedExits,
    ],
  };
}

/** @throws Error that lists what is stuck */
async function comeToRest(place: Place, limits: RestLimits): Promise<void> {
  // What a dead process held need not wait for its lease, nor a letter for its next try.
  await passLeases(place);
  const hasten = () =>
    queryRows(
      place.databaseUrl('notifications'),
      "update letters set due_at = now() where state = 'queued' and due_at > now()",
    ).catch(() => {});
  const timer = setInterval(hasten, HASTEN_EVERY_MS);
  try {
    await untilQuiet(place, limits);
  } finally {
    clearInterval(timer);
  }
}

interface Reconciliation {
  ok: boolean;
  differences: { relation: string; id: string; detail: string }[];
  nextCursor: string | null;
}

/** What the operator's own check of the books says, page by page: it must find what we find. */
async function reconciliationBreaches(place: Place, client: Client): Promise<string[]> {
  const [gateway] = place.gateways as [string];
  const operator = await client.signIn(gateway, OPERATOR_EMAIL, place.secrets.operatorPassword);
  const breaches: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = `/v1/operator/ledger/verify${cursor === '' ? '' : `?cursor=${cursor}`}`;
    const page: Reconciliation = await withPatience('a page of the reconciliation', async () => {
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
export function calmBreaches(samples: Sample[]): string[] {
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
export function shareBreaches(samples: Sample[]): string[] {
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
