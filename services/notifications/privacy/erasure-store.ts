import type { Queryable } from '#platform/postgres/database.ts';

/** The reason of a letter that ends because its customer is erased. It is no alarm. */
export const ERASED = 'the customer was erased';

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
const PAGE = 200;

/** Remembers that a customer is erased: a letter of theirs that comes later ends without an address. */
export async function insertErased(db: Queryable, customerId: string): Promise<void> {
  await db.query('insert into erased_customers (customer_id) values ($1) on conflict do nothing', [
    customerId,
  ]);
}

export async function isErased(db: Queryable, customerId: string): Promise<boolean> {
  const { rowCount } = await db.query('select from erased_customers where customer_id = $1', [
    customerId,
  ]);
  return rowCount === 1;
}

/** A page of a customer's letters by id, and the last of them where there are more. */
interface LetterPage {
  last: string | null;
  /** Letters of the page that are being sent: they cannot be erased yet. */
  sending: number;
}

/**
 * Erases addresses and texts of one page of a customer's letters and their attempts. Letters that
 * wait end as failed, since they have no address any more.
 */
export async function eraseLetters(
  tx: Queryable,
  customerId: string,
  after: string | null,
): Promise<LetterPage> {
  const { rows } = await tx.query<{ id: string; sending: boolean }>(
    `with page as materialized (
        select id, state from letters where customer_id = $1 and id > $2
        order by id limit ${PAGE} for update
      ), erased as (
        update letters set state = case letters.state when 'sent' then 'sent' else 'failed' end,
          failure = case letters.state when 'sent' then null else $3 end, ready = false,
          token = null, ${WITHOUT_TEXTS}
        from page where letters.id = page.id and page.state not in ('sending', 'committing')
          and ${HAS_TEXTS}
      )
      select id, state in ('sending', 'committing') as sending from page order by id`,
    [customerId, after ?? BEFORE_ALL, ERASED],
  );
  await eraseAttempts(
    tx,
    rows.filter(({ sending }) => !sending).map(({ id }) => id),
  );
  return {
    last: rows.length < PAGE ? null : (rows.at(-1)?.id ?? null),
    sending: rows.filter(({ sending }) => sending).length,
  };
}

const WITHOUT_TEXTS = `recipient = null, recipient_name = null, locale = null, details = null,
  smtp_response = null, erased_at = coalesce(letters.erased_at, now())`;

// An older version, or an attempt that began before, may have written a recipient again.
const HAS_TEXTS = `(letters.erased_at is null or letters.recipient is not null
  or letters.details is not null
  or letters.smtp_response is not null or letters.state = 'queued')`;

/** Erases addresses, and what mail servers and errors said, which may repeat one. */
async function eraseAttempts(db: Queryable, letterIds: string[]): Promise<void> {
  await db.query(
    `update letter_attempts set response = null, error = null, address = null
      where letter_id = any($1::uuid[])
        and (response is not null or error is not null or address is not null)`,
    [letterIds],
  );
}

/** Deletes letters about accounts to these addresses. @param addresses in lower case */
export async function deleteByAddress(tx: Queryable, addresses: string[]): Promise<void> {
  await tx.query('delete from account_letters where lower(email collate "C") = any($1::text[])', [
    addresses,
  ]);
}

/** Deletes the counters of letters of these mailboxes and customers. */
export async function deleteSlots(tx: Queryable, subjects: string[]): Promise<void> {
  await tx.query('delete from recipient_slots where address = any($1::text[])', [subjects]);
}

/** Addresses and names in a page of a customer's letters. Without a greeting the name is empty. */
export async function listRecipients(
  db: Queryable,
  customerId: string,
  after: string | null,
): Promise<{ addresses: string[]; names: string[]; last: string | null }> {
  const { rows } = await db.query<{ addresses: string[]; names: string[]; last: string | null }>(
    `with page as (
        select id, recipient, recipient_name from letters where customer_id = $1 and id > $2
        order by id limit ${PAGE}
      )
      select coalesce(array_agg(distinct recipient) filter (where recipient is not null), '{}')
          as addresses,
        coalesce(array_agg(distinct recipient_name) filter (where recipient_name <> ''), '{}')
          as names,
        case when count(*) = ${PAGE} then (array_agg(id order by id desc))[1] end as last
      from page`,
    [customerId, after ?? BEFORE_ALL],
  );
  return rows[0] as { addresses: string[]; names: string[]; last: string | null };
}

const SWEEP_DAYS = 3;

/** The customer whose letters were not looked at for the longest time, within some days. */
export async function findToSweep(db: Queryable, everyS: number): Promise<string | null> {
  const { rows } = await db.query<{ customer_id: string }>(
    `select customer_id from erased_customers
      where swept_at < now() - $1 * interval '1 second'
        and erased_at > now() - interval '${SWEEP_DAYS} days'
      order by swept_at limit 1`,
    [everyS],
  );
  return rows[0]?.customer_id ?? null;
}

export async function markSwept(db: Queryable, customerId: string): Promise<void> {
  await db.query('update erased_customers set swept_at = now() where customer_id = $1', [
    customerId,
  ]);
}
