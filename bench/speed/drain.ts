import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Places } from '../../test/books.ts';

/** Looks at what is on its way, cheaply enough not to disturb it. */
export interface Drain {
  /**
   * Waits until every order has ended and every letter was sent.
   * @returns the seconds that it took, and whether it came to that: no longer than `timeoutS`
   */
  wait(timeoutS: number): Promise<{ seconds: number; drained: boolean }>;
  close(): Promise<void>;
}

const POLL_MS = 50;

export async function openDrain({ databaseUrl, broker }: Places): Promise<Drain> {
  const orders = await connected(databaseUrl('orders'));
  const letters = await connected(databaseUrl('notifications'));

  /** In the order in which work goes on: what leaves one place has come to the next by then. */
  async function isQuiet(): Promise<boolean> {
    if (await exists(orders, "orders where status = 'Pending'")) return false;
    if (await exists(orders, 'outbox where published_at is null')) return false;
    if ((await broker.listUnread()).length > 0) return false;
    return !(await exists(letters, "letters where state in ('queued', 'sending', 'committing')"));
  }

  return {
    async wait(timeoutS) {
      const started = performance.now();
      const secondsNow = () => (performance.now() - started) / 1_000;
      for (;;) {
        if (await isQuiet()) return { seconds: secondsNow(), drained: true };
        if (secondsNow() > timeoutS) return { seconds: secondsNow(), drained: false };
        await pause(POLL_MS);
      }
    },
    async close() {
      await Promise.all([orders.end(), letters.end()]);
    },
  };
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  return client;
}

async function exists(client: pg.Client, what: string): Promise<boolean> {
  const { rows } = await client.query(`select exists (select from ${what}) as found`);
  return rows[0].found;
}
