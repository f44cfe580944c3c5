import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeError } from '#platform/errors.ts';
import { DamagedFileError, whyUnreadable } from '../files/kept-file.ts';
import { foldCase } from './body-search.ts';
import { readHeaders } from './headers.ts';
import { type Bounds, createListing, type MailSummary, type Row, summaryOf } from './listing.ts';
import { addColumns, prepareAll, SCHEMA, TEXT_LENGTH_MAX } from './statements.ts';

export interface ReceivedMail {
  receivedAt: string;
  envelope: { from: string; to: string[] };
  raw: Buffer;
}

const PRUNE_EVERY = 1_000;
// Rows of one statement of an erasure.
const ERASURE_STRETCH = 5_000;
// Bounds the disk that the mailbox takes beyond its limit until the next removal.
const PRUNE_BYTES = 16 * 1024 * 1024;
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
  addColumns(database);
  const sql = prepareAll(database);
  const readBounds = () => sql.bounds.get() as unknown as Bounds;
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
    list: createListing(sql, readBounds),
    find(id: number) {
      const row = sql.find.get(id) as unknown as
        | (Row & { raw: Uint8Array<ArrayBuffer> })
        | undefined;
      if (row === undefined) return undefined;
      const { raw } = row;
      return { ...summaryOf(row), raw: Buffer.from(raw.buffer, 0, raw.length) };
    },
    /** Notes that somebody has opened a mail. @returns false where there is none */
    markSeen: (id: number): boolean => sql.markSeen.run(id).changes > 0,
    /** Deletes one mail. @returns how many */
    remove(id: number): number {
      sql.deleteSource.run(id);
      return Number(sql.delete.run(id).changes);
    },
    /** Deletes all mails. @returns how many */
    removeAll(): number {
      const { newest } = readBounds();
      sql.pruneSources.run(newest);
      const { changes } = sql.prune.run(newest);
      // The log of changes still has the deleted pages.
      database.exec('pragma wal_checkpoint(truncate)');
      return Number(changes);
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
