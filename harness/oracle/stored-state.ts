import type { TestBroker, TopicMessage } from '../broker/broker.ts';
import { queryRows } from '../database.ts';
import { LEDGER_VIOLATIONS } from './ledger.ts';

/** Where the oracle reads everything that must agree in the end. */
export interface OracleSources {
  databaseUrl: (name: string) => string;
  broker: TestBroker;
  /** Everything that the mail server accepted. */
  listMails: () => Promise<Mail[]>;
}

/** A row as the database has it. */
export type Row = Record<string, unknown>;

/** A mail as its server accepted it. */
export interface Mail {
  /** With or without its angle brackets. */
  messageId: string;
  to: string;
  /** Every byte, as latin1, or a digest of them: equal for equal mails. */
  raw: string;
  /** Its decoded text (`textOfMail`); absent if it is not kept. */
  text?: string;
}

/** All that a system keeps about money and letters. */
export interface StoredState {
  orders: Row[];
  outbox: Row[];
  payments: Row[];
  operations: Row[];
  wallets: Row[];
  /** Rows of the query in ledger.ts. */
  ledgerViolations: Row[];
  messages: TopicMessage[];
  letters: Row[];
  deadLetters: Row[];
  mails: Mail[];
  /** When the topic lost messages (the database's clock): earlier positions mean nothing. */
  topicLostAt?: Date | undefined;
}

/** Reads everything from a system at rest. */
export async function readStoredState(sources: OracleSources): Promise<StoredState> {
  const { databaseUrl, broker, listMails } = sources;
  const read = (database: string, sql: string) => queryRows(databaseUrl(database), sql);
  const messages = await broker.listMessages();
  return {
    orders: await read('orders', 'select * from orders'),
    outbox: await read('orders', 'select *, payload::text as payload_text from outbox'),
    payments: await read('billing', 'select * from payments'),
    operations: await read('billing', 'select * from operations'),
    wallets: await read('billing', 'select * from wallets'),
    ledgerViolations: await read('billing', LEDGER_VIOLATIONS),
    messages,
    letters: await read('notifications', 'select * from letters'),
    deadLetters: await read('notifications', 'select * from dead_letters'),
    mails: await listMails(),
  };
}

/** Rows by a value of theirs. */
export function by<T>(rows: T[], keyOf: (row: T) => unknown): Map<string, T[]> {
  return Map.groupBy(rows, (row) => String(keyOf(row)));
}

/** The violations among checks, each of which is false where it found none. */
export function found(checks: (string | false)[]): string[] {
  return checks.filter((check) => check !== false);
}
