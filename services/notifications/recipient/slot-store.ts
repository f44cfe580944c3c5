import type { Queryable } from '#platform/postgres/database.ts';

/** Letters that ask for slots of one address. */
export interface SlotRequest {
  /** In lower case. */
  address: string;
  class: string;
  /** The slots that they may take, in this order. */
  slots: readonly number[];
  letterIds: string[];
}

const HOUR = `interval '1 hour'`;

/**
 * Takes a slot for each letter while there are free ones. A letter that took one within the hour
 * keeps it.
 * @returns the letters that have a slot, and how many slots another replica took meanwhile
 */
export async function takeSlots(
  db: Queryable,
  { address, class: name, slots, letterIds }: SlotRequest,
): Promise<{ taken: string[]; lost: number }> {
  const { rows } = await db.query<{ kept: string[]; taken: string[]; given: number }>({
    name: 'take-slots',
    text: `with mine as (
        select distinct letter_id from recipient_slots
        where address = $1 and class = $2 and letter_id = any($4::uuid[])
          and taken_at > now() - ${HOUR}
      ), free as (
        select wanted.slot, row_number() over (order by wanted.turn) as number
        from unnest($3::int[]) with ordinality as wanted (slot, turn)
        where not exists (
          select from recipient_slots as used where address = $1 and class = $2
            and used.slot = wanted.slot and taken_at > now() - ${HOUR})
      ), asking as (
        select letter.id, row_number() over (order by letter.turn) as number
        from unnest($4::uuid[]) with ordinality as letter (id, turn)
        where letter.id not in (select letter_id from mine)
      ), given as (
        select free.slot, asking.id from free join asking using (number)
      ), taken as (
        insert into recipient_slots as old (address, class, slot, letter_id)
        select $1, $2, slot, id from given order by slot
        on conflict (address, class, slot) do update
          set letter_id = excluded.letter_id, taken_at = excluded.taken_at
          where old.taken_at <= now() - ${HOUR}
        returning letter_id
      )
      select array(select letter_id from mine) as kept, array(select letter_id from taken) as taken,
        (select count(*) from given)::int as given`,
    values: [address, name, slots, letterIds],
  });
  const { kept, taken, given } = rows[0] as (typeof rows)[number];
  return { taken: [...kept, ...taken], lost: given - taken.length };
}

/** Seconds until the first of these slots is free, 0 where one is. */
export async function readSlotWait(
  db: Queryable,
  { address, class: name, slots }: Omit<SlotRequest, 'letterIds'>,
): Promise<number> {
  const { rows } = await db.query<{ wait_s: number }>({
    name: 'read-slot-wait',
    text: `select coalesce(min(greatest(0,
          ceil(extract(epoch from used.taken_at + ${HOUR} - now()))))::int, 0) as wait_s
      from unnest($3::int[]) as wanted (slot)
      join recipient_slots as used using (slot)
      where address = $1 and class = $2
      having count(*) = cardinality($3::int[])`,
    values: [address, name, slots],
  });
  return rows[0]?.wait_s ?? 0;
}

/** Removes slots that are free again, at most `limit`, without waiting for locked ones. */
export async function deleteFreeSlots(db: Queryable, limit: number): Promise<number> {
  const { rowCount } = await db.query({
    name: 'delete-free-slots',
    text: `delete from recipient_slots where (address, class, slot) in (
        select address, class, slot from recipient_slots where taken_at <= now() - ${HOUR}
        order by taken_at limit $1 for update skip locked)`,
    values: [limit],
  });
  return rowCount ?? 0;
}
