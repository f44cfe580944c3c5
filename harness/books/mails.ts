import { DatabaseSync } from 'node:sqlite';
import type { Mail } from './breaches.ts';
import { textOfMail } from './mail-text.ts';

/** Everything that the embedded mail server keeps in its SQLite file. */
export function listMails(mailboxFile: string): Mail[] {
  const mailbox = new DatabaseSync(mailboxFile, { readOnly: true });
  const mails = mailbox
    .prepare('select message_id, envelope_to, raw from messages join sources using (id)')
    .all();
  mailbox.close();
  return mails.map(({ message_id, envelope_to, raw }) => ({
    messageId: String(message_id),
    to: String(envelope_to),
    raw: Buffer.from(raw as Uint8Array).toString('latin1'),
    text: textOfMail(Buffer.from(raw as Uint8Array).toString('latin1')),
  }));
}
