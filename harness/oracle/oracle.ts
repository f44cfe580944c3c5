import { readFile } from 'node:fs/promises';
import { queryRows } from '../database.ts';
import { eventually } from '../eventually.ts';
import { LAST_PAST_ID } from '../past-data/past-orders.ts';
import { violationsIn } from './compare-rows.ts';
import { violationsBySums } from './compare-sums.ts';
import { type History, newHistory, type OrderAnswer, type TopUpAnswer } from './history.ts';
import { type OracleSources, readStoredState } from './stored-state.ts';

// The reconciliation oracle: databases, topic, mails and the answers that clients got must agree
// once the system is at rest. It uses SQL of its own and no code of the services, so that both
// cannot share a mistake.

/**
 * Waits until the system is at rest and compares all that it keeps with the invariants I1 to I6
 * (ARCHITECTURE.md) and with the answers that its clients got.
 * @throws Error that lists every violation, or what is stuck when nothing moves for two minutes
 */
export async function assertReconciled(
  sources: OracleSources,
  history: History = newHistory(),
): Promise<void> {
  await untilQuiet(sources);
  const violations = violationsIn(await readStoredState(sources), history);
  if (violations.length > 0) throw new Error(`not reconciled:\n  ${violations.join('\n  ')}`);
}

/** The result of a comparison. Its members are those of the JSON file of `npm run bench`. */
export interface Reconciliation {
  /** Name of the compared system. */
  name: string;
  orders: number;
  /** How it was compared. */
  how: string;
  /** The violations, one line each. */
  breaches: string[];
}

export interface ReconcileOptions {
  name: string;
  /** Answers as lines of JSON. */
  historyFile: string;
  topUps: TopUpAnswer[];
  /** How far letters must have come; `none` where the system makes none. */
  letters: 'sent' | 'stored' | 'none';
  /** SQLite file of its mail server. */
  mailboxFile: string;
}

// An order takes about 20 KB of memory with its letters and mails.
const ROW_BY_ROW_MAX = 50_000;

/** Compares a system at rest, of any size: row by row, or by sums where there are too many rows. */
export async function reconcile(
  sources: OracleSources,
  { name, historyFile, topUps, letters, mailboxFile }: ReconcileOptions,
): Promise<Reconciliation> {
  const [row] = await queryRows(
    sources.databaseUrl('orders'),
    'select count(*) as n, count(*) filter (where id <= $1) as past from orders',
    [LAST_PAST_ID],
  );
  const orders = Number(row?.n);
  const lines = (await readFile(historyFile, 'utf8')).split('\n').filter((line) => line !== '');
  const answers = lines.map((line) => JSON.parse(line) as OrderAnswer);
  // Past orders have no mail, so only sums can compare them.
  if (letters === 'sent' && row?.past === '0' && orders <= ROW_BY_ROW_MAX) {
    const breaches = violationsIn(await readStoredState(sources), { orders: answers, topUps });
    return { name, orders, how: 'row by row', breaches };
  }
  const breaches = await violationsBySums(sources, { answers, letters, mailboxFile });
  return { name, orders, how: `by sums, letters ${letters}`, breaches };
}

/**
 * Moves all leases and due times into the past, as if their time had passed, so that the work of
 * a dead process is free. Harmless for living processes, whose work is fenced.
 */
export async function passLeases({ databaseUrl, broker }: OracleSources): Promise<void> {
  await queryRows(databaseUrl('orders'), 'update outbox set leased_until = null');
  await queryRows(databaseUrl('orders'), 'update orders set recovery_leased_until = null');
  await queryRows(
    databaseUrl('notifications'),
    `update letters set due_at = now() where state in ('queued', 'sending', 'committing')`,
  );
  await broker.passLeases();
}

export interface RestTimeouts {
  /** How long nothing may move; two minutes when absent. */
  standstillMs?: number;
  /** How long something may move and never end, such as a letter that is retried for ever. */
  totalMs?: number;
}

// Far longer than the remaining work of any test takes.
const TOTAL_MS = 10 * 60_000;

/** Work in progress, as lines that change with every step. */
async function readWaiting({ databaseUrl, broker }: OracleSources): Promise<string[]> {
  const orders = await queryRows(
    databaseUrl('orders'),
    `select 'order ' || id || ' is ' || status as line from orders where status = 'Pending'
     union all select 'event ' || id || ' is not published, attempts ' || attempts
     from outbox where published_at is null`,
  );
  // Stores are read in processing order: an item that has left one store is then found in the
  // next.
  const unread = await broker.listUnread();
  const letters = await queryRows(
    databaseUrl('notifications'),
    `select 'letter ' || id || ' is ' || state || ', attempts ' || attempt_count || coalesce(': ' || failure, '') as line
     from letters where state in ('queued', 'sending', 'committing')`,
  );
  const lines = [...orders, ...letters].map(({ line }) => String(line));
  return [...lines, ...unread].sort();
}

/**
 * Waits until no work is in progress.
 * @throws Error that lists what is stuck
 */
export async function untilQuiet(
  sources: OracleSources,
  { standstillMs, totalMs = TOTAL_MS }: RestTimeouts = {},
): Promise<void> {
  const end = performance.now() + totalMs;
  let waiting = await readWaiting(sources);
  while (waiting.length > 0) {
    if (performance.now() > end) throw new Error(`never at rest:\n  ${waiting.join('\n  ')}`);
    const before = waiting.join('\n');
    let now = waiting;
    // Each step of any work restarts the wait.
    const hasMoved = async () => {
      now = await readWaiting(sources);
      return now.join('\n') !== before;
    };
    await eventually('progress', hasMoved, standstillMs).catch((cause: unknown) => {
      throw new Error(`nothing moves any more:\n  ${now.join('\n  ')}`, { cause });
    });
    waiting = now;
  }
}
