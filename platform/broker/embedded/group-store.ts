import type { Queryable } from '../../postgres/database.ts';
import type { PartitionLag } from '../port/broker.ts';
import { keyOf, type Reader } from './store.ts';

// Statements about groups: positions, leases, members. Those about topics and messages are in
// `store.ts`.

export interface PartitionState {
  partition: number;
  position: bigint;
  end: bigint;
  mine: boolean;
  free: boolean;
  /** Live members of the group. */
  members: number;
}

/** Inserts the positions of a group for all partitions of a topic; existing ones stay. */
export async function insertPositions(db: Queryable, reader: Reader): Promise<void> {
  await db.query(
    `insert into positions (topic, "group", partition)
     select topic, $2, partition from partitions where topic = $1 order by partition
     on conflict do nothing`,
    [reader.topic.number, reader.group],
  );
}

/** Deletes members that died without leaving. Skips rows that another member is deleting. */
export async function deleteDeadMembers(db: Queryable, reader: Reader): Promise<void> {
  await db.query(
    `delete from members where (topic, "group", member) in (
       select topic, "group", member from members
       where topic = $1 and "group" = $2 and alive_until < now() for update skip locked)`,
    [reader.topic.number, reader.group],
  );
}

/** The heartbeat: extends the membership and its leases. Locks in partition order. */
export async function renewLeases(db: Queryable, reader: Reader, leaseMs: number): Promise<void> {
  await db.query(
    `with alive as (
       insert into members (topic, "group", member, alive_until)
       values ($1, $2, $3, now() + $4 * interval '1 ms')
       on conflict (topic, "group", member) do update set alive_until = excluded.alive_until),
     locked as materialized (
       select partition from positions
       where topic = $1 and "group" = $2 and lease_owner = $3
       order by partition for no key update)
     update positions s set lease_until = now() + $4 * interval '1 ms' from locked
     where s.topic = $1 and s."group" = $2 and s.lease_owner = $3
       and s.partition = locked.partition`,
    [...keyOf(reader), leaseMs],
  );
}

/** The whole state of a group in one statement: this is the idle poll. */
export async function readGroupState(db: Queryable, reader: Reader): Promise<PartitionState[]> {
  const { rows } = await db.query<
    Omit<PartitionState, 'position' | 'end'> & { position: string; end: string }
  >({
    name: 'read-group-state',
    text: `
      select s.partition, s.position, p.next_offset as "end",
        s.lease_owner is not distinct from $3::uuid as mine,
        (s.lease_owner is null or s.lease_until < now()) as free,
        (select count(*)::int from members m
         where m.topic = $1 and m."group" = $2 and m.alive_until > now()) as members
      from positions s join partitions p on p.topic = s.topic and p.partition = s.partition
      where s.topic = $1 and s."group" = $2 order by s.partition`,
    values: keyOf(reader),
  });
  return rows.map((row) => ({ ...row, position: BigInt(row.position), end: BigInt(row.end) }));
}

/**
 * Leases up to `limit` free partitions, except the given ones.
 * @returns the positions of the claimed partitions
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
    [...keyOf(reader), claim.limit, claim.except, claim.leaseMs],
  );
  return new Map(rows.map((row) => [row.partition, BigInt(row.position)]));
}

/** Releases partitions, so that another member can claim them at once. */
export async function releasePartitions(
  db: Queryable,
  reader: Reader,
  partitions: number[],
): Promise<void> {
  await db.query(
    `update positions set lease_owner = null, lease_until = null
     where topic = $1 and "group" = $2 and lease_owner = $3 and partition = any($4::int[])`,
    [...keyOf(reader), partitions],
  );
}

export async function leaveGroup(db: Queryable, reader: Reader): Promise<void> {
  await db.query(
    `with gone as (
       delete from members where topic = $1 and "group" = $2 and member = $3)
     update positions set lease_owner = null, lease_until = null
     where topic = $1 and "group" = $2 and lease_owner = $3`,
    keyOf(reader),
  );
}

/**
 * Advances the group's positions, only while the leases are ours: a member that was taken for dead
 * must not move the positions of its successor. The same position is accepted twice, since the
 * answer to the first attempt may have been lost.
 *
 * `locked` takes the row locks in partition order, as the heartbeat does: neither can deadlock.
 * @returns the partitions with the requested position; the leases of the others were lost
 */
export async function commitPositions(
  db: Queryable,
  reader: Reader,
  positions: Map<number, bigint>,
): Promise<Set<number>> {
  const { rows } = await db.query<{ partition: number }>({
    name: 'commit-positions',
    text: `
      with locked as materialized (
        select partition from positions
        where topic = $1 and "group" = $2 and lease_owner = $3 and partition = any ($4::int[])
        order by partition for no key update)
      update positions s set position = given.position
      from unnest($4::int[], $5::bigint[]) as given (partition, position)
      join locked using (partition)
      where s.topic = $1 and s."group" = $2 and s.partition = given.partition
        and s.lease_owner = $3 and s.position <= given.position
      returning s.partition`,
    values: [...keyOf(reader), [...positions.keys()], [...positions.values()]],
  });
  return new Set(rows.map(({ partition }) => partition));
}

/** Every partition of a topic with the group's position (0 for an unknown group). */
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
