import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeError } from '#platform/errors.ts';
import { DamagedFileError, whyUnreadable } from '../files/kept-file.ts';
import { readHeaders } from './headers.ts';

export interface ReceivedMail {
  receivedAt: string;
  envelope: { from: string; to: string[] };
  raw: Buffer;
}

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

// A search reads at most this many messages, about 10 ms: SQLite blocks its thread.
const SEARCH_STRETCH = 50_000;
const PRUNE_EVERY = 1_000;
// Rows of one statement of an erasure.
const ERASURE_STRETCH = 5_000;
// After 16 MB instead of 4: each checkpoint blocks the thread for two disk writes.
const CHECKPOINT_PAGES = 4_000;

// A sender chooses these texts, and a page of the list has a hundred of them.
const TEXT_LENGTH_MAX = 1_000;
// Bounds the disk that the mailbox takes beyond its limit until the next removal.
const PRUNE_BYTES = 16 * 1024 * 1024;
// Oldest messages that one commit removes: SQLite blocks its thread.
const PRUNE_AT_ONCE = 1_000;
// The write-ahead log shrinks to this after a commit that was larger.
const LOG_BYTES_MAX = 64 * 1024 * 1024;

const short = (column: string) => `substr(${column}, 1, ${TEXT_LENGTH_MAX})`;
// Cut again: an earlier version stored longer texts.
const SUMMARY =
  `id, received_at as receivedAt, ${short('envelope_from')} as "from", ` +
  `${short('envelope_to')} as "to", ${short('subject')} as subject, ` +
  `${short('message_id')} as messageId, size`;

/** What the mailbox keeps. The oldest messages beyond it are removed, some of them late. */
export interface StoreLimits {
  messagesMax: number;
  /** Of the file, without its free pages. */
  bytesMax?: number;
}

/** Opens the file, and creates it where missing. */
export function openMailStore(file: string, kept: StoreLimits) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    return openStore(file, kept);
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

/** Finds the file that cannot be opened: SQLite uses two more files. */
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

/** Removes the permissions of other users, which an earlier version granted. */
function keepPrivate(path: string): void {
  const { uid } = statSync(path, { throwIfNoEntry: false }) ?? {};
  if (uid !== undefined && uid === process.getuid?.()) chmodSync(path, 0o600);
}

export type MailStore = ReturnType<typeof openStore>;

function openStore(
  file: string,
  { messagesMax, bytesMax = Number.POSITIVE_INFINITY }: StoreLimits,
) {
  // Letters contain addresses. SQLite gives its other files the same permissions.
  closeSync(openSync(file, 'a', 0o600));
  for (const ending of ['', '-wal', '-shm']) keepPrivate(file + ending);
  const database = new DatabaseSync(file, { timeout: 1_000 });
  database.exec(SCHEMA);
  const sql = prepareAll(database);
  const readBounds = () => sql.bounds.get() as unknown as { oldest: number; newest: number };
  // Finds a truncated file now, instead of at the first read.
  readBounds();
  const prune = createPruning(sql, { messagesMax, bytesMax }, () => readBounds().newest);

  function addOne({ receivedAt, envelope, raw }: ReceivedMail): void {
    const headers = readHeaders(raw);
    const first = (name: string) => headers.find((header) => header.name === name)?.value ?? '';
    const to = cut(envelope.to.join(', '));
    const subject = cut(first('subject'));
    const searchText = foldCase(`${to}\n${subject}`);
    const columns = [receivedAt, cut(envelope.from), to, cut(first('message-id')), subject];
    const { lastInsertRowid } = sql.insert.run(...columns, raw.length, searchText);
    sql.insertSource.run(lastInsertRowid, raw);
  }

  return {
    /** Stores all of them or, when it throws, none. They survive the death of the process. */
    add(mails: ReceivedMail[]): void {
      database.exec('begin immediate');
      try {
        for (const mail of mails) addOne(mail);
        prune(mails);
        database.exec('commit');
      } catch (error) {
        database.exec('rollback');
        throw error;
      }
    },
    /**
     * Newest first. A search reads a limited number of messages: its page may be short or empty, and
     * `next` continues it.
     */
    list({ limit, before, search }: { limit: number; before?: number; search?: string }): MailPage {
      const { oldest, newest } = readBounds();
      const top = Math.min(before ?? newest + 1, newest + 1);
      const bottom = Math.max(oldest, top - SEARCH_STRETCH);
      const rows = (search === undefined
        ? sql.list.all(top, limit + 1)
        : sql.search.all(top, bottom, foldCase(search), limit + 1)) as unknown as MailSummary[];
      const data = rows.slice(0, limit);
      if (rows.length > limit) return { data, next: data.at(-1)?.id ?? null };
      return { data, next: search !== undefined && bottom > oldest ? bottom : null };
    },
    find(id: number) {
      const row = sql.find.get(id) as unknown as
        | (MailSummary & { raw: Uint8Array<ArrayBuffer> })
        | undefined;
      return row && { ...row, raw: Buffer.from(row.raw.buffer, 0, row.raw.length) };
    },
    /** Deletes the mails to these addresses, in any case of their letters. @returns how many */
    erase(addresses: string[]): number {
      const erased = eraseMails(sql, addresses);
      // The log of changes still has the deleted pages.
      database.exec('pragma wal_checkpoint(truncate)');
      return erased;
    },
    close: () => database.close(),
  };
}

/** Removes the oldest messages, in the transaction that adds new ones: not each time. */
function createPruning(
  sql: ReturnType<typeof prepareAll>,
  { messagesMax, bytesMax }: Required<StoreLimits>,
  newest: () => number,
) {
  let pruneIn = 0;
  let pruneInBytes = 0;

  /** Pages in use: a sum over all rows would read a large file. */
  const usedBytes = () => Number((sql.usedBytes.get() as { bytes: number }).bytes);

  /** The id of the last message that has to go for the bytes; 0 when none has. */
  function lastByBytes(): number {
    let excess = usedBytes() - bytesMax;
    let last = 0;
    if (excess <= 0) return last;
    for (const { id, size } of sql.oldest.all() as unknown as { id: number; size: number }[]) {
      last = id;
      excess -= size;
      if (excess <= 0) break;
    }
    return last;
  }

  return (added: ReceivedMail[]): void => {
    pruneIn -= added.length;
    for (const { raw } of added) pruneInBytes -= raw.length;
    if (pruneIn > 0 && pruneInBytes > 0) return;
    const last = Math.max(newest() - messagesMax, lastByBytes());
    sql.prune.run(last);
    sql.pruneSources.run(last);
    pruneIn = PRUNE_EVERY;
    pruneInBytes = Math.min(PRUNE_BYTES, bytesMax / 16);
  };
}

// NORMAL: a commit survives the death of the process; only a power cut may lose the last ones.
const SCHEMA = `
  pragma journal_mode = wal;
  pragma synchronous = normal;
  -- Zeroes what is deleted: an erased letter must not stay in the file.
  pragma secure_delete = on;
  pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};
  pragma journal_size_limit = ${LOG_BYTES_MAX};
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
  -- A table of its own keeps the rows small that lists and searches read.
  create table if not exists sources (id integer primary key, raw blob not null);
`;

function prepareAll(database: DatabaseSync) {
  return {
    insert: database.prepare(
      `insert into messages (received_at, envelope_from, envelope_to, message_id, subject, size, search_text)
       values (?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertSource: database.prepare('insert into sources (id, raw) values (?, ?)'),
    list: database.prepare(`select ${SUMMARY} from messages where id < ? order by id desc limit ?`),
    search: database.prepare(
      `select ${SUMMARY} from messages where id < ? and id >= ? and instr(search_text, ?) > 0
       order by id desc limit ?`,
    ),
    find: database.prepare(
      `select ${SUMMARY}, raw from messages join sources using (id) where id = ?`,
    ),
    recipients: database.prepare(
      'select id, envelope_to as "to" from messages where id < ? order by id desc limit ?',
    ),
    delete: database.prepare('delete from messages where id = ?'),
    deleteSource: database.prepare('delete from sources where id = ?'),
    bounds: database.prepare(
      'select coalesce((select min(id) from messages), 0) as oldest, coalesce((select max(id) from messages), 0) as newest',
    ),
    usedBytes: database.prepare(
      `select (page_count - freelist_count) * page_size as bytes
       from pragma_page_count, pragma_freelist_count, pragma_page_size`,
    ),
    oldest: database.prepare(`select id, size from messages order by id limit ${PRUNE_AT_ONCE}`),
    prune: database.prepare('delete from messages where id <= ?'),
    pruneSources: database.prepare('delete from sources where id <= ?'),
  };
}

const cut = (text: string) => text.slice(0, TEXT_LENGTH_MAX);

function eraseMails(sql: ReturnType<typeof prepareAll>, addresses: string[]): number {
  const wanted = new Set(addresses.map(foldCase));
  const isWanted = (to: string) => to.split(', ').some((one) => wanted.has(foldCase(one)));
  let erased = 0;
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const rows = sql.recipients.all(before, ERASURE_STRETCH) as unknown as MailSummary[];
    for (const { id } of rows.filter(({ to }) => isWanted(to))) {
      sql.delete.run(id);
      sql.deleteSource.run(id);
      erased += 1;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < ERASURE_STRETCH) return erased;
    before = last.id;
  }
}

// SQLite itself folds ASCII only.
function foldCase(text: string): string {
  return text.toLowerCase();
}
