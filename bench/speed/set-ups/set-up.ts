import { DatabaseSync } from 'node:sqlite';
import type { Places } from '#harness/books/books.ts';

/** A system that runs, to be measured. */
export interface SetUp {
  /** Base URL of its public API. */
  url: string;
  /** Where its books are. */
  places: Places;
  /** URL of a database of its server as superuser. */
  superuserUrl: (database: string) => string;
  /** Pid of its database server. */
  postgresPid: () => number;
  /** SQLite file of its mail server. */
  mailboxFile: string;
  close(): Promise<void>;
}

/** How many mails a mailbox's file has got. Its rows are numbered, so that none is counted. */
export function countMails(mailboxFile: string): number {
  return Number(
    readMailbox(mailboxFile, 'select coalesce(max(id), 0) as last from messages')[0]?.last,
  );
}

/** The Message-IDs of all its mails. */
export function listMessageIds(mailboxFile: string): string[] {
  return readMailbox(mailboxFile, 'select message_id from messages').map(({ message_id: id }) =>
    String(id),
  );
}

function readMailbox(file: string, sql: string): Record<string, unknown>[] {
  const mailbox = new DatabaseSync(file, { readOnly: true });
  try {
    return mailbox.prepare(sql).all();
  } finally {
    mailbox.close();
  }
}
