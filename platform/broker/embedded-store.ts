import type { Queryable } from '#platform/database.ts';
import type { IncomingMessage, PartitionLag } from './broker.ts';

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

/** One partition as its group sees it. */
export interface SurveyRow {
  partition: number;
  position: bigint;
  end: bigint;
  mine: boolean;
  free: boolean;
  /** Live members of the group. */
  members: number;
}

export async function findTopic(db: Queryable, name: string): Promise<Topic | undefined> {
  const { rows } = await db.query<Topic>(
    'select number, id, name, partitions from topics where name = $1',
    [name],
  );
  return rows[0];
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

/** Gives a group its rows for a topic; those it has stay as they are. */
export async function insertPositions(db: Queryable, reader: Reader): Promise<void> {
  await db.query(
    `insert into positions (topic, "group", partition)
     select topic, $2, partition from partitions where topic = $1 order by partition
     on conflict do nothing`,
    [reader.topic.number, reader.group],
  );
}

/** Forgets members that died without leaving. Skips rows that another one removes just now. */
export async function deleteDeadMembers(db: Queryable, reader: Reader): Promise<void> {
  await db.query(
    `delete from members where (topic, "group", member) in (
       select topic, "group", member from members
       where topic = $1 and "group" = $2 and alive_until < now() for update skip locked)`,
    [reader.topic.number, reader.group],
  );
}

/** The heartbeat: keeps the member alive and its leases running. */
export async function renewLeases(db: Queryable, reader: Reader, leaseMs: number): Promise<void> {
  await db.query(
    `with alive as (
       insert into members (topic, "group", member, alive_until)
       values ($1, $2, $3, now() + $4 * interval '1 ms')
       on conflict (topic, "group", member) do update set alive_until = excluded.alive_until)
     update positions set lease_until = now() + $4 * interval '1 ms'
     where topic = $1 and "group" = $2 and lease_owner = $3`,
    [reader.topic.number, reader.group, reader.member, leaseMs],
  );
}

/** All that a subscription must know, for all partitions at once: this is the idle poll. */
export async function surveyGroup(db: Queryable, reader: Reader): Promise<SurveyRow[]> {
  const { rows } = await db.query<
    Omit<SurveyRow, 'position' | 'end'> & { position: string; end: string }
  >({
    name: 'survey-group',
    text: `
      select s.partition, s.position, p.next_offset as "end",
        s.lease_owner is not distinct from $3::uuid as mine,
        (s.lease_owner is null or s.lease_until < now()) as free,
        (select count(*)::int from members m
         where m.topic = $1 and m."group" = $2 and m.alive_until > now()) as members
      from positions s join partitions p on p.topic = s.topic and p.partition = s.partition
      where s.topic = $1 and s."group" = $2 order by s.partition`,
    values: [reader.topic.number, reader.group, reader.member],
  });
  return rows.map((row) => ({ ...row, position: BigInt(row.position), end: BigInt(row.end) }));
}

/**
 * Leases up to `limit` partitions that nobody holds, except those named.
 * @returns the positions of the partitions taken
 */
export async function claimPartitions(
  db: Queryable,
  reader: Reader,
  claim: { limit: number; except: number[]; leaseMs: number },
): Promise<Map<number, bigint>> {
  const { rows } = await db.query<{ partition: number; position: string }>(
    `update positions s set lease_owner = $3, lease_until = now() + $6 * interval '1 ms'
     where topic = $1 and "group" = $2 and partition in (
       select partition from positions
       where topic = $1 and "group" = $2 and (lease_owner is null or lease_until < now())
         and partition <> all($5::int[])
       order by partition limit $4 for update skip locked)
     and (lease_owner is null or lease_until < now())
     returning partition, position`,
    [reader.topic.number, reader.group, reader.member, claim.limit, claim.except, claim.leaseMs],
  );
  return new Map(rows.map((row) => [row.partition, BigInt(row.position)]));
}

/** Gives partitions back, so that another member may take them at once. */
export async function releasePartitions(
  db: Queryable,
  reader: Reader,
  partitions: number[],
): Promise<void> {
  await db.query(
    `update positions set lease_owner = null, lease_until = null
     where topic = $1 and "group" = $2 and lease_owner = $3 and partition = any($4::int[])`,
    [reader.topic.number, reader.group, reader.member, partitions],
  );
}

/** Leaves the group: gives every partition back and stops counting as a member. */
export async function leaveGroup(db: Queryable, reader: Reader): Promise<void> {
  await db.query(
    `with gone as (
       delete from members where topic = $1 and "group" = $2 and member = $3)
     update positions set lease_owner = null, lease_until = null
     where topic = $1 and "group" = $2 and lease_owner = $3`,
    [reader.topic.number, reader.group, reader.member],
  );
}

/** Messages from an offset on, in order; none when the lease belongs to another by now. */
export async function fetchMessages(
  db: Queryable,
  reader: Reader,
  from: { partition: number; position: bigint; limit: number },
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
      select "offset", key, value, headers, stored_at from messages
      where topic = $1 and partition = $2 and "offset" >= $3 and exists (
        select from positions s where s.topic = $1 and s."group" = $4 and s.partition = $2
          and s.lease_owner = $5)
      order by "offset" limit $6`,
    values: [
      reader.topic.number,
      from.partition,
      from.position,
      reader.group,
      reader.member,
      from.limit,
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
 * Moves the group's position, never back, and only while the lease is ours: a member that was
 * believed dead must not move what its successor has taken over. The same position once more is
 * accepted, since the answer to the first attempt may have been lost.
 * @returns whether the position is as asked; false means that the lease was lost
 */
export async function commitPosition(
  db: Queryable,
  reader: Reader,
  partition: number,
  position: bigint,
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'commit-position',
    text: `
      update positions set position = $5
      where topic = $1 and "group" = $2 and partition = $3 and lease_owner = $4
        and position <= $5`,
    values: [reader.topic.number, reader.group, partition, reader.member, position],
  });
  return rowCount === 1;
}

/** Every partition of a topic with the group's position (0 for a group not seen yet). */
export async function listLag(
  db: Queryable,
  topic: string,
  group: string,
): Promise<PartitionLag[]> {
  const { rows } = await db.query<{ partition: number; position: string; end: string }>(
    `select p.partition, coalesce(s.position, 0) as position, p.next_offset as "end"
     from topics t join partitions p on p.topic = t.number
     left join positions s on s.topic = p.topic and s.partition = p.partition and s."group" = $2
     where t.name = $1 order by p.partition`,
    [topic, group],
  );
  return rows.map(({ partition, position, end }) => ({
    partition,
    position: BigInt(position),
    end: BigInt(end),
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
