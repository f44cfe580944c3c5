import pg from 'pg';

/**
 * Gives a database a clock that can be moved ahead: functions `now` and `clock_timestamp` that its
 * sessions find before those of PostgreSQL. Before the migrations, whose column defaults keep the
 * function that they found.
 */
export const SHIFTED_CLOCK_SQL = `
  create schema shifted_clock;
  create table shifted_clock.shift (ahead interval not null);
  insert into shifted_clock.shift values ('0');
  create function shifted_clock.now() returns timestamptz language sql stable
    return pg_catalog.now() + (select ahead from shifted_clock.shift);
  create function shifted_clock.clock_timestamp() returns timestamptz language sql volatile
    return pg_catalog.clock_timestamp() + (select ahead from shifted_clock.shift);
  grant usage on schema shifted_clock to public;
  grant select on shifted_clock.shift to public;
`;

/** @param url of the superuser, at the database that gets the clock */
export async function installShiftedClock(url: string, database: string): Promise<void> {
  const path = 'public, shifted_clock, pg_catalog';
  const name = pg.escapeIdentifier(database);
  const setting = `alter database ${name} set search_path = ${path};`;
  await query(url, `begin; ${SHIFTED_CLOCK_SQL} ${setting} commit`);
}

/** Moves the clocks of databases ahead. @param urls of the superuser */
export async function advanceDatabases(urls: string[], ms: number): Promise<void> {
  const sql = `update shifted_clock.shift set ahead = ahead + interval '${ms} milliseconds'`;
  await Promise.all(urls.map((url) => query(url, sql)));
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
