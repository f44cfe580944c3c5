import type { TestBroker } from '../broker/broker.ts';
import { queryRows } from '../database.ts';
import { eventually } from '../eventually.ts';
import { type Books, breachesIn, type Mail } from './breaches.ts';
import { type History, newHistory } from './history.ts';
import { LEDGER_FAULTS } from './ledger.ts';

/** Where everything that must agree in the end is read. */
export interface Places {
  databaseUrl: (name: string) => string;
  broker: TestBroker;
  /** Everything that the mail server accepted. */
  listMails: () => Promise<Mail[]>;
}

/**
 * Waits until the system has come to rest and compares what it keeps, statement by statement, with
 * what always holds (ARCHITECTURE.md, I1 to I6) and with what its clients were told. It uses SQL
 * of its own and no code of the services, so that they cannot share a mistake.
 * @throws Error that lists every breach, or what is stuck when nothing moves for 15 s
 */
export async function assertBooks(places: Places, history: History = newHistory()): Promise<void> {
  await untilQuiet(places);
  const breaches = breachesIn(await readBooks(places), history);
  if (breaches.length > 0) throw new Error(`the books disagree:\n  ${breaches.join('\n  ')}`);
}

/**
 * Moves all leases and waits into the past, as if their time had gone by: what a dead process
 * held is free. Harmless for the living, whose work is fenced.
 */
export async function passLeases({ databaseUrl, broker }: Places): Promise<void> {
  await queryRows(databaseUrl('orders'), 'update outbox set leased_until = null');
  await queryRows(databaseUrl('orders'), 'update orders set recovery_leased_until = null');
  await queryRows(
    databaseUrl('notifications'),
    `update letters set due_at = now() where state in ('queued', 'sending', 'committing')`,
  );
  await broker.passLeases();
}

export interface RestLimits {
  standstillMs?: number;
  totalMs?: number;
}

// Far more than any test has under way.
const TOTAL_MS = 10 * 60_000;

/** What is on its way, as lines that change with every step. */
async function readWaiting({ databaseUrl, broker }: Places): Promise<string[]> {
  const orders = await queryRows(
    databaseUrl('orders'),
    `select 'order ' || id || ' is ' || status as line from orders where status = 'Pending'
     union all select 'event ' || id || ' is not published, attempts ' || attempts
     from outbox where published_at is null`,
  );
  // In the order in which work goes on: what leaves one place before it is looked at has come to
  // the next one when that is.
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
 * Waits until nothing is on its way any more.
 * @param limits `standstillMs`: how long nothing may move, 15 s when absent. `totalMs`: how long
 *   something may move and never end, such as a letter that is tried for ever
 * @throws Error that lists what is stuck
 */
export async function untilQuiet(
  places: Places,
  { standstillMs, totalMs = TOTAL_MS }: RestLimits = {},
): Promise<void> {
  const end = performance.now() + totalMs;
  let waiting = await readWaiting(places);
  while (waiting.length > 0) {
    if (performance.now() > end) throw new Error(`never at rest:\n  ${waiting.join('\n  ')}`);
    const before = waiting.join('\n');
    let now = waiting;
    // Each step that something takes starts the wait anew.
    const hasMoved = async () => {
      now = await readWaiting(places);
      return now.join('\n') !== before;
    };
    await eventually('progress', hasMoved, standstillMs).catch((cause: unknown) => {
      throw new Error(`nothing moves any more:\n  ${now.join('\n  ')}`, { cause });
    });
    waiting = now;
  }
}

/** All that is kept, by places at rest. */
export async function readBooks({ databaseUrl, broker, listMails }: Places): Promise<Books> {
  const read = (database: string, sql: string) => queryRows(databaseUrl(database), sql);
  const messages = await broker.listMessages();
  return {
    orders: await read('orders', 'select * from orders'),
    outbox: await read('orders', 'select *, payload::text as payload_text from outbox'),
    payments: await read('billing', 'select * from payments'),
    operations: await read('billing', 'select * from operations'),
    wallets: await read('billing', 'select * from wallets'),
    ledgerFaults: await read('billing', LEDGER_FAULTS),
    messages,
    letters: await read('notifications', 'select * from letters'),
    deadLetters: await read('notifications', 'select * from dead_letters'),
    mails: await listMails(),
  };
}
