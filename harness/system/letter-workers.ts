import type { TestContext } from 'node:test';
import type { Profile } from '#contracts/profiles.ts';
import type { LetterRow } from '#services/notifications/api/letter-list-store.ts';
import {
  type LetterWorker,
  type LetterWorkerOptions,
  startLetterWorker,
} from '#services/notifications/delivery/worker.ts';
import { insertLetters } from '#services/notifications/inbox/inbox-store.ts';
import {
  createMailer,
  type Mailer,
  type MailerOptions,
} from '#services/notifications/smtp/mailer.ts';
import { createTestDatabaseUrl, migrationsOf, openDatabase, testLog } from '../database.ts';
import { type SmtpStep, startTestSmtpServer } from '../faults/smtp-server.ts';
import { lettersIn, newLetter } from './new-letter.ts';

interface BenchWorkerOptions extends Omit<Partial<LetterWorkerOptions>, 'mailer'> {
  mailerOptions?: Partial<MailerOptions>;
  /** Steps between the worker and its mailer. */
  around?: (mailer: Mailer) => Mailer;
}

export type LetterBench = Awaited<ReturnType<typeof startLetterBench>>;

/** Waits short enough for a test; leases stay long, a test ends them by SQL. */
const TIMES = { pollMs: 5, retry: { firstMs: 1, maxMs: 5 } };

export const SENDER = {
  from: 'Orderbell <orders@orders.test>',
  messageIdOf: (id: string) => `${id}@orders.test`,
};

/** The contact of any customer, made of its id. */
export function contactOf(customerId: string): Profile {
  return { customerId, email: `${customerId}@example.com`, name: customerId, locale: 'ru' };
}

/** Letters in a database, a scriptable mail server, and workers between them; ended with the test. */
export async function startLetterBench(t: TestContext, script: (SmtpStep | undefined)[] = []) {
  // Before the database: its hook runs first and ends the connections that workers wait on.
  const server = await startTestSmtpServer(t, { script, acceptReply: '2.0.0 queued as 7' });
  const open: LetterWorker[] = [];
  const close = async () => {
    await Promise.all(open.map((one) => one.close()));
    await database.close();
  };
  const url = await createTestDatabaseUrl(t, close, migrationsOf('notifications'));
  const database = openDatabase(url);
  return {
    ...lettersIn(database),
    database,
    server,
    /** Puts due letters into the inbox, one per customer. @returns their ids */
    async insert(...customerIds: string[]) {
      const rows = customerIds.map((customerId) => newLetter({ customerId }));
      await insertLetters(database, rows);
      return rows.map(({ id }) => id);
    },
    worker(given: BenchWorkerOptions = {}) {
      const { mailerOptions, around = (mailer: Mailer) => mailer, times, ...options } = given;
      const mailer = createMailer({
        urls: [server.url],
        connectionsMax: 4,
        log: testLog,
        ...mailerOptions,
      });
      const worker = startLetterWorker({
        database,
        mailer: around(mailer),
        lookUpContacts: async (ids) => new Map(ids.map((id) => [id, contactOf(id)])),
        sender: SENDER,
        log: testLog,
        onFault: () => {},
        now: () => new Date(),
        ...options,
        times: { ...TIMES, ...times },
      });
      open.push({ ...worker, close: () => worker.close().then(() => mailer.close()) });
      return worker;
    },
    sql: async (text: string, values?: unknown[]): Promise<Record<string, unknown>[]> =>
      (await database.query(text, values)).rows,
  };
}

/** The outcomes of the attempts. */
export const outcomesOf = (row: LetterRow) => row.attempts.map(({ outcome }) => outcome);
