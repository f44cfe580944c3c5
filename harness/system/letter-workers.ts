import type { TestContext } from 'node:test';
import type { Profile } from '#contracts/profiles.ts';
import { createDatabase, type Database } from '#platform/postgres/database.ts';
import { findLetter, type LetterRow } from '#services/notifications/api/letter-list-store.ts';
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
import { createTestDatabaseUrl, migrationsOf, testLog } from '../database.ts';
import { eventually } from '../eventually.ts';
import { type SmtpStep, startTestSmtpServer, type TestSmtpServer } from '../faults/smtp-server.ts';
import { newLetter } from './new-letter.ts';

export interface BenchWorkerOptions extends Omit<Partial<LetterWorkerOptions>, 'mailer'> {
  mailerOptions?: Partial<MailerOptions>;
  /** Steps between the worker and its mailer. */
  around?: (mailer: Mailer) => Mailer;
}

/** Letters in a database, a scriptable mail server, and workers between them. */
export interface LetterBench {
  database: Database;
  server: TestSmtpServer;
  /** Puts due letters into the inbox, one per customer. @returns their ids */
  insert(...customerIds: string[]): Promise<string[]>;
  worker(options?: BenchWorkerOptions): LetterWorker;
  letter(id: string): Promise<LetterRow>;
  /** Waits until the letter is in this state with as many attempts recorded. */
  until(id: string, state: LetterRow['state'], attempts: number): Promise<LetterRow>;
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

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

/** Everything that `startLetterWorker` needs; it ends with the test. */
export async function startLetterBench(
  t: TestContext,
  script: (SmtpStep | undefined)[] = [],
): Promise<LetterBench> {
  // Before the database: its hook runs first and ends the connections that workers wait on.
  const server = await startTestSmtpServer(t, { script, acceptReply: '2.0.0 queued as 7' });
  const open: { close(): Promise<void> }[] = [];
  const close = async () => {
    await Promise.all(open.map((one) => one.close()));
    await database.close();
  };
  const url = await createTestDatabaseUrl(t, close, migrationsOf('notifications'));
  const database = createDatabase({
    url,
    connectionsMax: 10,
    applicationName: 'test',
    log: testLog,
  });
  const letter = async (id: string) => (await findLetter(database, id)) as LetterRow;
  return {
    database,
    server,
    async insert(...customerIds) {
      const rows = customerIds.map((customerId) => newLetter({ customerId }));
      await insertLetters(database, rows);
      return rows.map(({ id }) => id);
    },
    worker({ mailerOptions, around = (mailer: Mailer) => mailer, times, ...options } = {}) {
      const mailer = createMailer({
        url: server.url,
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
        onOurFault: () => {},
        now: () => new Date(),
        ...options,
        times: { ...TIMES, ...times },
      });
      open.push({
        async close() {
          await worker.close();
          await mailer.close();
        },
      });
      return worker;
    },
    letter,
    until: (id, state, attempts) =>
      eventually(`${state} after ${attempts} attempts`, async () => {
        const row = await letter(id);
        return row.state === state && row.attempts.length === attempts && row;
      }),
    sql: async (text, values) => (await database.query(text, values)).rows,
  };
}

/** What the attempts came to. */
export const outcomesOf = (row: LetterRow) => row.attempts.map(({ outcome }) => outcome);
