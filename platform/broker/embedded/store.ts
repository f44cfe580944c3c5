import type { Queryable } from '../../postgres/database.ts';
import type { IncomingMessage, TopicEndOffsets } from '../port/broker.ts';
import type { EncodedMessage } from '../port/publish-queue.ts';

export interface Topic {
  /** Short key of the rows. */
  number: number;
  /** Identity in acknowledgements. */
  id: string;
  name: string;
  partitions: number;
}

export interface Reader {
  topic: Topic;
  group: string;
  /** UUID of the subscription; the fencing token of its leases. */
  member: string;
}

/** The first three parameters of a member's statements. */
export const keyOf = ({ topic, group, member }: Reader) => [topic.number, group, member];

/** A message to append: `rank` counts within the partition and the batch, from 0. */
interface AppendRow extends EncodedMessage {
  partition: number;
  rank: number;
}

export async function findTopic(db: Queryable, name: string): Promise<Topic | undefined> {
  const { rows } = await db.query<Topic>(
    'select number, id, name, partitions from topics where name = $1',
    [name],
  );
  return rows[0];
}

/** The end offset of each partition; null when there is no such topic. */
export async function findEndOffsets(db: Queryable, name: string): Promise<TopicEndOffsets | null> {
  const { rows } = await db.query<{ id: string; partition: number; end: string }>(
    `select t.id, p.partition, p.next_offset as "end"
     from topics t join partitions p on p.topic = t.number where t.name = $1`,
    [name],
  );
  const [first] = rows;
  if (first === undefined) return null;
  return {
    topicId: first.id,
    endOffsets: new Map(rows.map(({ partition, end }) => [partition, BigInt(end)])),
  };
}

/** Creates the topic unless it exists; concurrent callers wait for each other. */
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
 * Appends messages and assigns their offsets, in one statement and so in one transaction.
 *
 * Offsets come from the partition's counter, whose row lock lasts until the commit: a higher offset
 * cannot commit before a lower one. An identity column takes no such lock: a reader could pass a
 * lower offset that commits later, and lose its message.
 *
 * `locked` takes the row locks in partition order, and only locked rows are updated, so publishers
 * to several partitions cannot deadlock.
 *
 * @returns the first offset per partition; empty when the topic was removed
 */
export async function appendMessages(
  db: Queryable,
  topic: number,
  messages: AppendRow[],
): Promise<Map<number, bigint>> {
  const { bytes, keyAt, valueAt, headersAt, endAt } = packOf(messages);
  const { rows } = await db.query<{ partition: number; first: string }>({
    name: 'append-messages',
    text: `
      with input as (
        select partition, rank,
          substring($8::bytea from key_at for value_at - key_at) as key,
          substring($8::bytea from value_at for headers_at - value_at) as value,
          convert_from(substring($8::bytea from headers_at for end_at - headers_at), 'UTF8')::json
            as headers
        from unnest($2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[])
          as i (partition, rank, key_at, value_at, headers_at, end_at)),
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
      ...[keyAt, valueAt, headersAt, endAt, bytes],
    ],
  });
  return new Map(rows.map((row) => [row.partition, BigInt(row.first)]));
}

/**
 * Concatenates keys, values and headers, with the start of each, from 1 as SQL counts. The driver
 * sends one bytea parameter as bytes, but an array of them as hexadecimal text.
 */
function packOf(messages: EncodedMessage[]) {
  const parts: Buffer[] = [];
  let end = 1;
  const append = (part: Buffer): number => {
    parts.push(part);
    end += part.length;
    return end - part.length;
  };
  const places = messages.map(({ key, value, headers }) => ({
    keyAt: append(key),
    valueAt: append(value),
    headersAt: append(encodeHeaders(headers)),
    endAt: end,
  }));
  return {
    bytes: Buffer.concat(parts),
    keyAt: places.map(({ keyAt }) => keyAt),
    valueAt: places.map(({ valueAt }) => valueAt),
    headersAt: places.map(({ headersAt }) => headersAt),
    endAt: places.map(({ endAt }) => endAt),
  };
}

function encodeHeaders(headers: EncodedMessage['headers']): Buffer {
  const pairs = headers.map(([name, value]) => [name, value.toString('base64')]);
  return Buffer.from(JSON.stringify(pairs));
}

/**
 * Messages of some partitions, each from its position, in order; none for a partition whose lease
 * was lost.
 * @param from.messagesMax of each partition
 * @param from.bytesMax of each partition: the message that reaches it is the last one
 */
export async function fetchMessages(
  db: Queryable,
  reader: Reader,
  from: { positions: Map<number, bigint>; messagesMax: number; bytesMax: number },
): Promise<Map<number, IncomingMessage[]>> {
  const { rows } = await db.query<MessageRow>({
    name: 'fetch-messages',
    text: `
      select s.partition, m."offset", m.key, m.value, m.headers, m.stored_at
      from unnest($4::int[], $5::bigint[]) as wanted (partition, position)
      join positions s on s.topic = $1 and s."group" = $2 and s.partition = wanted.partition
        and s.lease_owner = $3
      cross join lateral (
        select *, sum(coalesce(octet_length(value), 0) + coalesce(octet_length(key), 0))
          over (order by "offset" rows between unbounded preceding and 1 preceding) as bytes_before
        from (
          select "offset", key, value, headers, stored_at from messages
          where topic = $1 and partition = wanted.partition and "offset" >= wanted.position
          order by "offset" limit $6) next) m
      where coalesce(m.bytes_before, 0) < $7 order by s.partition, m."offset"`,
    values: [
      ...[...keyOf(reader), [...from.positions.keys()], [...from.positions.values()]],
      ...[from.messagesMax, from.bytesMax],
    ],
  });
  return Map.groupBy(
    rows.map((row) => messageOf(reader.topic, row)),
    ({ partition }) => partition,
  );
}

interface MessageRow {
  partition: number;
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: [name: string, base64: string][];
  stored_at: Date;
}

function messageOf(topic: Topic, row: MessageRow): IncomingMessage {
  return {
    topic: topic.name,
    partition: row.partition,
    offset: BigInt(row.offset),
    key: row.key,
    value: row.value,
    headers: Object.fromEntries(
      row.headers.map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    timestamp: row.stored_at,
  };
}

/**
 * Deletes old messages that every group has handled. A partition that no group has read keeps all
 * of them: its first group starts at the beginning. Offsets of a partition sort by age, so the
 * lowest ones are enough.
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
