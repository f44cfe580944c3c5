import { DatabaseSync } from 'node:sqlite';
import { type Books, breachesIn } from './breaches.ts';
import { type History, newHistory } from './history.ts';
import { LEDGER_FAULTS } from './ledger.ts';
import { eventually, queryRows } from './system.ts';

/** Where everything that must agree in the end is read. */
export interface Places {
  databaseUrl: (name: string) => string;
  /** SQLite file of the embedded mail server. */
  mailboxFile: string;
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
export async function passLeases({ databaseUrl }: Places): Promise<void> {
  await queryRows(databaseUrl('orders'), 'update outbox set leased_until = null');
  await queryRows(databaseUrl('orders'), 'update orders set recovery_leased_until = null');
  await queryRows(
    databaseUrl('notifications'),
    `update letters set due_at = now() where state in ('queued', 'sending', 'committing')`,
  );
  await queryRows(databaseUrl('broker'), 'update positions set lease_until = now()');
  await queryRows(databaseUrl('broker'), 'update members set alive_until = now()');
}

/** What is on its way, as lines that change with every step. */
async function readWaiting({ databaseUrl }: Places): Promise<string[]> {
  const orders = await queryRows(
    databaseUrl('orders'),
    `select 'order ' || id || ' is ' || status as line from orders where status = 'Pending'
     union all select 'event ' || id || ' is not published, attempts ' || attempts
     from outbox where published_at is null`,
  );
  const unread = await queryRows(
    databaseUrl('broker'),
    `select 'partition ' || partition || ' is read to ' || position || ' of ' || next_offset as line
     from positions join partitions using (topic, partition) where position < next_offset`,
  );
  const letters = await queryRows(
    databaseUrl('notifications'),
    `select 'letter ' || id || ' is ' || state || ', attempts ' || attempt_count || coalesce(': ' || failure, '') as line
     from letters where state in ('queued', 'sending', 'committing')`,
  );
  return [...orders, ...unread, ...letters].map(({ line }) => String(line)).sort();
}

async function untilQuiet(places: Places): Promise<void> {
  let waiting = await readWaiting(places);
  while (waiting.length > 0) {
    const before = waiting.join('\n');
    let now = waiting;
    // Each step that something takes starts the wait anew.
    await eventually('progress', async () => {
      now = await readWaiting(places);
      return now.join('\n') !== before;
    }).catch((cause: unknown) => {
      throw new Error(`nothing moves any more:\n  ${now.join('\n  ')}`, { cause });
    });
    waiting = now;
  }
}

async function readBooks({ databaseUrl, mailboxFile }: Places): Promise<Books> {
  const read = (database: string, sql: string) => queryRows(databaseUrl(database), sql);
  const messages = await read(
    'broker',
    `select partition, "offset", encode(key, 'escape') as key, encode(value, 'escape') as value,
       headers from messages join topics on topics.number = messages.topic
     where topics.name = 'orders' order by partition, "offset"`,
  );
  const mailbox = new DatabaseSync(mailboxFile, { readOnly: true });
  const mails = mailbox
    .prepare('select message_id, envelope_to, raw from messages join sources using (id)')
    .all();
  mailbox.close();
  return {
    orders: await read('orders', 'select * from orders'),
    outbox: await read('orders', 'select * from outbox'),
    payments: await read('billing', 'select * from payments'),
    operations: await read('billing', 'select * from operations'),
    wallets: await read('billing', 'select * from wallets'),
    ledgerFaults: await read('billing', LEDGER_FAULTS),
    messages: messages.map(({ partition, offset, key, value, headers }) => ({
      id: headerOf(headers, 'ce_id'),
      content: JSON.stringify([key, value, headers]),
      partition,
      offset,
    })),
    letters: await read('notifications', 'select * from letters'),
    deadLetters: await read('notifications', 'select * from dead_letters'),
    mails: mails.map(({ message_id, envelope_to, raw }) => ({
      messageId: String(message_id),
      to: String(envelope_to),
      raw: Buffer.from(raw as Uint8Array).toString('latin1'),
    })),
  };
}

function headerOf(headers: unknown, name: string): string {
  const found = (headers as [string, string][]).find(([each]) => each === name);
  return Buffer.from(found?.[1] ?? '', 'base64').toString();
}
