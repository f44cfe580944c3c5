import type { DatabaseSync } from 'node:sqlite';

// The tables of the mailbox and all of its statements.

// After 16 MB instead of 4: each checkpoint blocks the thread for two disk writes.
const CHECKPOINT_PAGES = 4_000;
// Oldest messages that one commit removes: SQLite blocks its thread.
const PRUNE_AT_ONCE = 1_000;
// The write-ahead log shrinks to this after a commit that was larger.
const LOG_BYTES_MAX = 64 * 1024 * 1024;

/** A sender chooses the texts, and a page of the list has a hundred of them. */
export const TEXT_LENGTH_MAX = 1_000;

const short = (column: string) => `substr(${column}, 1, ${TEXT_LENGTH_MAX})`;
// Cut again: an earlier version stored longer texts.
const SUMMARY =
  `id, received_at as receivedAt, ${short('envelope_from')} as "from", ` +
  `${short('envelope_to')} as "to", ${short('subject')} as subject, ` +
  `${short('message_id')} as messageId, size, seen`;

// NORMAL: a commit survives the death of the process; only a power cut may lose the last ones.
export const SCHEMA = `
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

/** Adds what a file of an earlier version lacks; such a version goes on writing to it. */
export function addColumns(database: DatabaseSync): void {
  const columns = database.prepare('pragma table_info(messages)').all();
  if (columns.some(({ name }) => name === 'seen')) return;
  database.exec('alter table messages add column seen integer not null default 0');
}

export function prepareAll(database: DatabaseSync) {
  return {
    insert: database.prepare(
      `insert into messages (received_at, envelope_from, envelope_to, message_id, subject, size, search_text)
       values (?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertSource: database.prepare('insert into sources (id, raw) values (?, ?)'),
    list: database.prepare(`select ${SUMMARY} from messages where id < ? order by id desc limit ?`),
    search: database.prepare(
      `select ${SUMMARY} from messages where id < ? and id >= ? 
         and (instr(search_text, ?) > 0 or id in (select value from json_each(?)))
       order by id desc limit ?`,
    ),
    find: database.prepare(
      `select ${SUMMARY}, raw from messages join sources using (id) where id = ?`,
    ),
    ids: database.prepare('select id from messages where id < ? and id >= ?'),
    source: database.prepare('select raw from sources where id = ?'),
    markSeen: database.prepare('update messages set seen = 1 where id = ?'),
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
