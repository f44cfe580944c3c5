import { DatabaseSync } from 'node:sqlite';
import { textOfMail } from './mail-text.ts';
import type { Mail } from './stored-state.ts';

/** Everything that the embedded mail server keeps in its SQLite file. */
export function listMails(mailboxFile: string): Mail[] {
  const sql = 'select message_id, envelope_to, raw from messages join sources using (id)';
  return readMailbox(mailboxFile, sql).map(({ message_id, envelope_to, raw }) => {
    const latin1 = Buffer.from(raw as Uint8Array).toString('latin1');
    return {
      messageId: String(message_id),
      to: String(envelope_to),
      raw: latin1,
      text: textOfMail(latin1),
    };
  });
}

/** How many mails a mailbox's file has got. Its rows are numbered, so none has to be counted. */
export function countMails(mailboxFile: string): number {
  const [row] = readMailbox(mailboxFile, 'select coalesce(max(id), 0) as last from messages');
  return Number(row?.last);
}

/** The Message-IDs of all its mails. */
export function listMessageIds(mailboxFile: string): string[] {
  const rows = readMailbox(mailboxFile, 'select message_id from messages');
  return rows.map(({ message_id }) => String(message_id));
}

function readMailbox(file: string, sql: string): Record<string, unknown>[] {
  const mailbox = new DatabaseSync(file, { readOnly: true });
  try {
    return mailbox.prepare(sql).all();
  } finally {
    mailbox.close();
  }
}
