import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeError } from '#platform/errors.ts';
import { DamagedFileError, whyUnreadable } from '../files/kept-file.ts';

/** A message as SMTP handed it over. */
export interface ReceivedMail {
  receivedAt: string;
  envelope: { from: string; to: string[] };
  raw: Buffer;
}

/** What lists show. */
export interface MailSummary {
  id: number;
  receivedAt: string;
  from: string;
  to: string;
  subject: string;
  messageId: string;
  /** Bytes. */
  size: number;
}

export interface MailPage {
  data: MailSummary[];
  /** `before` of the next page; null at the end. */
  next: number | null;
}

export interface MailStore {
  /** Keeps all of them or, throwing, none; durable against the process's death on return. */
  add(mails: ReceivedMail[]): void;
  /**
   * Newest first. A search looks through a bounded stretch of messages: its page may be short, or
   * empty, while `next` says where to go on.
   */
  list(query: { limit: number; before?: number; search?: string }): MailPage;
  find(id: number): (MailSummary & { raw: Buffer }) | undefined;
  close(): void;
}

// SQLite works on this thread, and with `npm start` that is the thread of all services: a search
// may take about 10 ms of it at a time.
const SEARCH_STRETCH = 50_000;
const PRUNE_EVERY = 1_000;
// Each checkpoint waits for the disk twice, and the thread with it: after 16 MB instead of 4.
const CHECKPOINT_PAGES = 4_000;

const SUMMARY =
  'id, received_at as receivedAt, envelope_from as "from", envelope_to as "to", subject, message_id as messageId, size';

/**
 * Opens the file, making it where needed.
 * @param messagesMax the oldest beyond this number are removed, some hundred late
 */
export function openMailStore(file: string, messagesMax: number): MailStore {
  mkdirSync(dirname(file), { recursive: true });
  try {
    return openStore(file, messagesMax);
  } catch (error) {
    throw new DamagedFileError(
      {
        path: file,
        purpose: 'It keeps the letters of the mailbox.',
        remedy: 'Restore it from a backup, or move it away: the mailbox then begins empty.',
      },
      whyUnusable(file, error),
    );
  }
}

/** SQLite works with two more files. */
function whyUnusable(file: string, error: unknown): string {
  for (const ending of ['', '-wal', '-shm']) {
    try {
      closeSync(openSync(file + ending, 'r+'));
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code === 'ENOENT') continue;
      return `${ending && `cannot be opened: the file that ends in ${ending} `}${whyUnreadable(fault)}`;
    }
  }
  return `cannot be opened (${describeError(error)})`;
}

/** Takes the permissions of others away: an earlier version gave them. */
function keepPrivate(path: string): void {
  const { uid } = statSync(path, { throwIfNoEntry: false }) ?? {};
  if (uid !== undefined && uid === process.getuid?.()) chmodSync(path, 0o600);
}

function openStore(file: string, messagesMax: number): MailStore {
  // Letters contain addresses. SQLite gives its other files the same permissions.
  closeSync(openSync(file, 'a', 0o600));
  for (const ending of ['', '-wal', '-shm']) keepPrivate(file + ending);
  const database = new DatabaseSync(file, { timeout: 1_000 });
  // NORMAL: a commit survives the death of the process; only a power cut may take the last ones.
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = normal;
    pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};
    create table if not exists messages (
      id integer primary key autoincrement,
      received_at text not null,
      envelope_from text not null,
      envelope_to text not null,
      message_id text not null,
      subject text not null,
      size integer not null,
      search_text text not null
    );
    -- Apart from the rows that lists and searches go through, which so stay small.
    create table if not exists sources (id integer primary key, raw blob not null);
  `);
  const insert = database.prepare(
    `insert into messages (received_at, envelope_from, envelope_to, message_id, subject, size, search_text)
     values (?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertSource = database.prepare('insert into sources (id, raw) values (?, ?)');
  const selectPage = database.prepare(
    `select ${SUMMARY} from messages where id < ? order by id desc limit ?`,
  );
  const searchPage = database.prepare(
    `select ${SUMMARY} from messages where id < ? and id >= ? and instr(search_text, ?) > 0
     order by id desc limit ?`,
  );
  const selectOne = database.prepare(
    `select ${SUMMARY}, raw from messages join sources using (id) where id = ?`,
  );
  const bounds = database.prepare(
    'select coalesce((select min(id) from messages), 0) as oldest, coalesce((select max(id) from messages), 0) as newest',
  );
  const readBounds = () => bounds.get() as unknown as { oldest: number; newest: number };
  // A file that was cut is noticed here and not by the first reader.
  readBounds();
  let pruneIn = 0;

  function prune(): void {
    const last = readBounds().newest - messagesMax;
    database.prepare('delete from messages where id <= ?').run(last);
    database.prepare('delete from sources where id <= ?').run(last);
  }

  function addOne(mail: ReceivedMail): void {
    const headers = readHeaders(mail.raw);
    const first = (name: string) => headers.find((header) => header.name === name)?.value ?? '';
    const to = mail.envelope.to.join(', ');
    const subject = first('subject');
    const { lastInsertRowid } = insert.run(
      mail.receivedAt,
      mail.envelope.from,
      to,
      first('message-id'),
      subject,
      mail.raw.length,
      foldCase(`${to}\n${subject}`),
    );
    insertSource.run(lastInsertRowid, mail.raw);
  }

  return {
    add(mails) {
      database.exec('begin immediate');
      try {
        for (const mail of mails) addOne(mail);
        pruneIn -= mails.length;
        if (pruneIn <= 0) {
          prune();
          pruneIn = PRUNE_EVERY;
        }
        database.exec('commit');
      } catch (error) {
        database.exec('rollback');
        throw error;
      }
    },
    list({ limit, before, search }) {
      const { oldest, newest } = readBounds();
      const top = Math.min(before ?? newest + 1, newest + 1);
      const floor = Math.max(oldest, top - SEARCH_STRETCH);
      const rows = (search === undefined
        ? selectPage.all(top, limit + 1)
        : searchPage.all(top, floor, foldCase(search), limit + 1)) as unknown as MailSummary[];
      const data = rows.slice(0, limit);
      if (rows.length > limit) return { data, next: data.at(-1)?.id ?? null };
      return { data, next: search !== undefined && floor > oldest ? floor : null };
    },
    find(id) {
      const row = selectOne.get(id) as unknown as
        | (MailSummary & { raw: Uint8Array<ArrayBuffer> })
        | undefined;
      return row && { ...row, raw: Buffer.from(row.raw.buffer, 0, row.raw.length) };
    },
    close: () => database.close(),
  };
}

// SQLite's own folding knows ASCII only.
function foldCase(text: string): string {
  return text.toLowerCase();
}

// A block that is larger is cut: no letter of ours comes near, and it is read for every message.
const HEADER_BLOCK_MAX = 64 * 1024;

/** The top header block: lower-case names, unfolded values with RFC 2047 words decoded. */
export function readHeaders(raw: Buffer): { name: string; value: string }[] {
  const end = raw.indexOf('\r\n\r\n');
  const block = raw.subarray(0, Math.min(end < 0 ? raw.length : end, HEADER_BLOCK_MAX));
  return block
    .toString('utf8')
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
    .map((line) => ({ line, colon: line.indexOf(':') }))
    .filter(({ colon }) => colon > 0)
    .map(({ line, colon }) => ({
      name: line.slice(0, colon).trim().toLowerCase(),
      value: decodeWords(line.slice(colon + 1).trim()),
    }));
}

/** RFC 2047: white space between two encoded words is not part of the text. */
function decodeWords(text: string): string {
  if (!text.includes('=?')) return text;
  return text
    .replace(/(=\?[^?\s]+\?[bq]\?[^?\s]*\?=)\s+(?==\?[^?\s]+\?[bq]\?)/gi, '$1')
    .replace(/=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bq])\?([^?\s]*)\?=/gi, (word, charset, form, data) => {
      try {
        const bytes = form.toLowerCase() === 'b' ? Buffer.from(data, 'base64') : decodeQ(data);
        return new TextDecoder(charset).decode(bytes);
      } catch {
        return word; // an unknown character set stays as it came
      }
    });
}

function decodeQ(data: string): Buffer {
  const text = data
    .replace(/_/g, ' ')
    .replace(/=([0-9a-f]{2})/gi, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, 'latin1');
}
