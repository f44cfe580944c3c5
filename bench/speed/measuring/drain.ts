import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { OracleSources } from '#harness/oracle/stored-state.ts';

export type Drain = Awaited<ReturnType<typeof openDrain>>;

const POLL_MS = 50;

/**
 * Polls the work in progress, cheaply enough not to disturb it.
 * @param letters false where none are sent: then only orders are waited for
 */
export async function openDrain({ databaseUrl, broker }: OracleSources, letters: boolean) {
  const orders = await connected(databaseUrl('orders'));
  const notifications = await connected(databaseUrl('notifications'));

  /**
   * Whether every order has ended and every event is a letter, sent or not. It reads the stores in
   * processing order: an item that has left one store is then found in the next.
   */
  async function isStored(): Promise<boolean> {
    if (await exists(orders, "orders where status = 'Pending'")) return false;
    if (!letters) return true;
    if (await exists(orders, 'outbox where published_at is null')) return false;
    return (await broker.listUnread()).length === 0;
  }

  async function isQuiet(): Promise<boolean> {
    if (!(await isStored())) return false;
    if (!letters) return true;
    const due = "letters where state in ('queued', 'sending', 'committing')";
    return !(await exists(notifications, due));
  }

  return {
    isStored,
    /**
     * Waits until every order has ended and every letter was sent.
     * @returns the seconds that it took, and whether it came to that: no longer than `timeoutS`
     */
    async wait(timeoutS: number) {
      const started = performance.now();
      const secondsNow = () => (performance.now() - started) / 1_000;
      for (;;) {
        if (await isQuiet()) return { seconds: secondsNow(), drained: true };
        if (secondsNow() > timeoutS) return { seconds: secondsNow(), drained: false };
        await pause(POLL_MS);
      }
    },
    async close() {
      await Promise.all([orders.end(), notifications.end()]);
    },
  };
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  // A server that stops first: without a listener this would end the process.
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function exists(client: pg.Client, what: string): Promise<boolean> {
  const { rows } = await client.query(`select exists (select from ${what}) as found`);
  return rows[0].found;
}
