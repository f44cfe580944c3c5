import type { Queryable } from './database.ts';

/** Figures of one moment. */
export interface SampleRow<F> {
  at: Date;
  figures: F;
}

// The step of time that a moment is in, by the clock of the database.
const STEP = `to_timestamp(floor(extract(epoch from clock_timestamp()) * 1000 / $1::float8) * $1 / 1000)`;

/** Milliseconds until the next step, and whether this one has its sample already. */
export async function readStep(
  db: Queryable,
  stepMs: number,
): Promise<{ nextInMs: number; taken: boolean }> {
  const { rows } = await db.query<{ at: Date; now: Date; taken: boolean }>(
    `select ${STEP} as at, clock_timestamp() as now,
        exists (select from samples where at = ${STEP}) as taken`,
    [stepMs],
  );
  const { at, now, taken } = rows[0] as { at: Date; now: Date; taken: boolean };
  return { nextInMs: Math.max(1, stepMs - (now.getTime() - at.getTime())), taken };
}

/** Stores the sample of this step unless another replica has, and deletes those that are too old. */
export async function insertSample(
  db: Queryable,
  { stepMs, keptMs, figures }: { stepMs: number; keptMs: number; figures: object },
): Promise<void> {
  await db.query(
    `with old as (
        delete from samples where at < now() - $2::float8 * interval '1 millisecond'
      )
      insert into samples (at, figures) values (${STEP}, $3::jsonb) on conflict do nothing`,
    [stepMs, keptMs, JSON.stringify(figures)],
  );
}

/** The samples of this time, oldest first. */
export async function listSamples<F>(db: Queryable, keptMs: number): Promise<SampleRow<F>[]> {
  const { rows } = await db.query<SampleRow<F>>(
    `select at, figures from samples
      where at >= now() - $1::float8 * interval '1 millisecond' order by at`,
    [keptMs],
  );
  return rows;
}
