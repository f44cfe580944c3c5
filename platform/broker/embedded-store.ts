import type { Queryable } from '../database.ts';
import type { IncomingMessage, TopicEnds } from './broker.ts';

export interface Topic {
  /** Short key of the rows. */
  number: number;
  /** Identity told to publishers. */
  id: string;
  name: string;
  partitions: number;
}

/** Who reads what: one subscription. */
export interface Reader {
  topic: Topic;
  group: string;
  /** UUID of the subscription; the fence of its leases. */
  member: string;
}

/** A message to append: `rank` counts within the partition and the batch, from 0. */
export interface AppendRow {
  partition: number;
  rank: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: [name: string, value: Buffer][];
}

export async function findTopic(db: Queryable, name: string): Promise<Topic | undefined> {
  const { rows } = await db.query<Topic>(
    'select number, id, name, partitions from topics where name = $1',
    [name],
  );
  return rows[0];
}

/** Where the topic's partitions end; null when there is no such topic. */
export async function findEnds(db: Queryable, name: string): Promise<TopicEnds | null> {
  const { rows } = await db.query<{ id: string; partition: number; end: string }>(
    `select t.id, p.partition, p.next_offset as "end"
     from topics t join partitions p on p.topic = t.number where t.name = $1`,
    [name],
  );
  const [first] = rows;
  if (first === undefined) return null;
  return {
    topicId: first.id,
    ends: new Map(rows.map(({ partition, end }) => [partition, BigInt(end)])),
  };
}

/** Creates the topic unless it exists; of concurrent creators one wins and the others wait. */
export async function insertTopic(db: Queryable, name: string, partitions: number): Promise<void> {
  await db.query(
    `with made as (
       insert into topics (name, partitions) values ($1, $2)
       on conflict (name) do nothing returning number, partitions)
     insert into partitions (topic, partition)
     select number, generate_series(0, partitions - 1) from made`,
    [name, partitions],
  );
}

/**
 * Appends messages and numbers them, in one statement and so in one transaction.
 *
 * Offsets come from the partition's counter, whose row lock lasts to the commit: a later offset
 * cannot commit before a lower one. An identity column gives numbers without a lock, so readers
 * would pass a lower offset that commits later, and never see it.
 *
 * `locked` takes the row locks in partition order, and nothing is updated that it has not
 * locked, so publishers of several partitions cannot deadlock.
 *
 * @returns the first offset given per partition; empty when the topic does not exist any more
 */
export async function appendMessages(
  db: Queryable,
  topic: number,
  messages: AppendRow[],
): Promise<Map<number, bigint>> {
  const { rows } = await db.query<{ partition: number; first: string }>({
    name: 'append-messages',
    text: `
      with input as (
        select * from unnest($2::int[], $3::int[], $4::bytea[], $5::bytea[], $6::json[])
          as i (partition, rank, key, value, headers)),
      counts as (select partition, count(*) as messages from input group by partition),
      locked as materialized (
        select partition from partitions
        where topic = $1 and partition in (select partition from counts)
        order by partition for no key update),
      taken as (
        update partitions p set next_offset = p.next_offset + counts.messages
        from counts join locked using (partition)
        where p.topic = $1 and p.partition = counts.partition
        returning p.partition, p.next_offset - counts.messages as first),
      stored as (
        insert into messages (topic, partition, "offset", key, value, headers)
        select $1, i.partition, taken.first + i.rank, i.key, i.value, i.headers
        from input i join taken using (partition))
      select partition, first from taken`,
    values: [
      topic,
      messages.map((message) => message.partition),
      messages.map((message) => message.rank),
      messages.map((message) => message.key),
      messages.map((message) => message.value),
      messages.map(({ headers }) =>
        JSON.stringify(headers.map(([name, value]) => [name, value.toString('base64')])),
      ),
    ],
  });
  return new Map(rows.map((row) => [row.partition, BigInt(row.first)]));
}

/**
 * Messages from an offset on, in order; none when the lease belongs to another by now.
 * @param from.bytesMax nothing follows the message that reaches it
 */
export async function fetchMessages(
  db: Queryable,
  reader: Reader,
  from: { partition: number; position: bigint; messagesMax: number; bytesMax: number },
): Promise<IncomingMessage[]> {
  const { rows } = await db.query<{
    offset: string;
    key: Buffer | null;
    value: Buffer | null;
    headers: [string, string][];
    stored_at: Date;
  }>({
    name: 'fetch-messages',
    text: `
      with next as (
        select "offset", key, value, headers, stored_at from messages
        where topic = $1 and partition = $2 and "offset" >= $3 and exists (
          select from positions s where s.topic = $1 and s."group" = $4 and s.partition = $2
            and s.lease_owner = $5)
        order by "offset" limit $6),
      sized as (
        select *, sum(coalesce(octet_length(value), 0) + coalesce(octet_length(key), 0))
          over (order by "offset" rows between unbounded preceding and 1 preceding) as bytes_before
        from next)
      select "offset", key, value, headers, stored_at from sized
      where coalesce(bytes_before, 0) < $7 order by "offset"`,
    values: [
      reader.topic.number,
      from.partition,
      from.position,
      reader.group,
      reader.member,
      from.messagesMax,
      from.bytesMax,
    ],
  });
  return rows.map((row) => ({
    topic: reader.topic.name,
    partition: from.partition,
    offset: BigInt(row.offset),
    key: row.key,
    value: row.value,
    headers: Object.fromEntries(
      row.headers.map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    timestamp: row.stored_at,
  }));
}

/**
 * Deletes old messages that every group has handled. A partition that no group has ever read
 * keeps all: its first group shall find the messages from before its first start. Within a
 * partition age follows the offset, so looking at the lowest offsets is enough.
 * @returns how many were deleted, at most `limit`
 */
export async function deleteOldMessages(
  db: Queryable,
  olderThanMs: number,
  limit: number,
): Promise<number> {
  const { rowCount } = await db.query(
    `with handled as (
       select topic, partition, min(position) as below from positions group by topic, partition),
     old as (
       select m.topic, m.partition, m."offset" from handled h cross join lateral (
         select topic, partition, "offset", stored_at from messages
         where topic = h.topic and partition = h.partition and "offset" < h.below
         order by "offset" limit $2) m
       where m.stored_at < now() - $1 * interval '1 ms' limit $2)
     delete from messages using old
     where messages.topic = old.topic and messages.partition = old.partition
       and messages."offset" = old."offset"`,
    [olderThanMs, limit],
  );
  return rowCount ?? 0;
}
