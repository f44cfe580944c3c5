import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { AUDIT_MIGRATIONS } from '#platform/postgres/audit-trail.ts';
import { migrate } from '#platform/postgres/migrate.ts';
import { createPostWebhook } from '#services/webhooks/delivery/post-webhook.ts';
import { newWebhookSecret } from '#services/webhooks/delivery/sign.ts';
import {
  startWebhookWorker,
  type WebhookWorker,
  type WebhookWorkerOptions,
} from '#services/webhooks/delivery/worker.ts';
import { insertEndpoint } from '#services/webhooks/endpoints/endpoint-store.ts';
import { createSecretCipher } from '#services/webhooks/endpoints/secrets.ts';
import { onOrderUpdates } from '#services/webhooks/inbox/on-order-update.ts';
import { createTestDatabaseUrl, migrationsOf, openDatabase, testLog } from '../database.ts';
import { eventually } from '../eventually.ts';
import { newLetter } from './new-letter.ts';

export const WEBHOOKS_SECRET = 'kq8Zt3Vx0pLm7Rw2Yc5Nh9Bd4Gf6Js1A';

/** Waits short enough for a test; leases stay long, a test ends them by SQL. */
const TIMES = { pollMs: 5, leaseMs: 60_000 };
const RETRY = { firstMs: 1, maxMs: 5 };

interface BenchOptions extends Partial<WebhookWorkerOptions> {
  /** How long one attempt waits for its answer. */
  timeoutMs?: number;
}

/** Deliveries in a database and workers for them; ended with the test. */
export async function startWebhookBench(t: TestContext) {
  const open: (() => Promise<void>)[] = [];
  const url = await createTestDatabaseUrl(
    t,
    async () => {
      await Promise.all(open.map((close) => close()));
      await database.close();
    },
    migrationsOf('webhooks'),
  );
  const database = openDatabase(url);
  await migrate(database, AUDIT_MIGRATIONS);
  const cipher = createSecretCipher(WEBHOOKS_SECRET);
  const sql = async (text: string, values?: unknown[]): Promise<Record<string, unknown>[]> =>
    (await database.query(text, values)).rows;
  return {
    database,
    databaseUrl: url,
    cipher,
    sql,
    /** Adds an endpoint. @returns its id and its secret */
    async endpoint(to: string, statuses: ('Paid' | 'Cancelled')[] = ['Paid', 'Cancelled']) {
      const secret = newWebhookSecret();
      const data = { url: to, description: 'test', statuses };
      const { id } = await insertEndpoint(database, data, cipher.encrypt(secret));
      return { id, secret };
    },
    /** Stores events as the consumer does. @returns their ids */
    async events(count: number): Promise<string[]> {
      const events = Array.from({ length: count }, () => newLetter({}, { id: randomUUID() }));
      await onOrderUpdates(database, events);
      return events.map(({ id }) => id);
    },
    worker({ timeoutMs = 60_000, ...given }: BenchOptions = {}): WebhookWorker {
      const sender = createPostWebhook({ allowPrivate: true }, timeoutMs);
      const worker = startWebhookWorker({
        database,
        cipher,
        post: sender.post,
        log: testLog,
        now: () => new Date(),
        retry: RETRY,
        ...given,
        times: { ...TIMES, ...given.times },
      });
      open.push(() => worker.close().then(sender.close));
      return worker;
    },
    /** Waits until so many deliveries are in this state. @returns them */
    until: (state: string, count: number) =>
      eventually(`${count} ${state}`, async () => {
        const rows = await sql('select * from deliveries where state = $1 order by id', [state]);
        return rows.length === count && rows;
      }),
    attempts: () => sql('select number, status, error from attempts order by delivery_id, number'),
  };
}
