import { randomUUID } from 'node:crypto';
import { commandFor } from '../values/program.ts';
import { ServerRefusal } from './connect-fault.ts';
import { type Pooler, SESSION_SETTINGS } from './connections.ts';
import type { Database } from './database.ts';

const VERSION_MIN = 15;

/**
 * Checks a new session as the pool opens it: the server's version, the limits that it must have,
 * and what the pooler in between keeps.
 * @throws ServerRefusal with a remedy; AppError `unavailable` while the server is read-only
 */
export async function checkSession(
  database: Database,
  { pooler = 'none' }: { pooler?: Pooler },
): Promise<void> {
  const names = Object.keys(SESSION_SETTINGS);
  const { rows } = await database.query<{ name: string; setting: string }>(
    'select name, setting from pg_settings where name = any($1)',
    [[...names, 'server_version', 'server_version_num']],
  );
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
  if (Number(settings.get('server_version_num')) < VERSION_MIN * 10_000) {
    const version = settings.get('server_version');
    throw new ServerRefusal(`it is PostgreSQL ${version}, and ${VERSION_MIN} or newer is needed`);
  }
  const lacking = names.filter((name) => settings.get(name) !== SESSION_SETTINGS[name]);
  if (lacking.length > 0) throw new ServerRefusal(lackingText(lacking, pooler));
  if (pooler === 'transaction') await checkPreparedStatements(database);
  await database.checkWritable();
}

function lackingText(lacking: string[], pooler: Pooler): string {
  if (pooler === 'none') {
    return (
      `the start-up parameter ${lacking[0]} has no effect, a pooler ignores it: set ` +
      'DATABASE_POOLER to session or transaction'
    );
  }
  const expected = lacking.map((name) => `${name}=${SESSION_SETTINGS[name]}`).join(', ');
  return (
    `behind a pooler the role itself must have ${expected}: run the SQL that ` +
    `\`${commandFor('database-roles')}\` prints, then RECONNECT in PgBouncer`
  );
}

/**
 * A pooler that keeps prepared statements gives them names of its own. One that does not would lose
 * ours when it changes the server connection, which may take hours to happen.
 */
async function checkPreparedStatements(database: Database): Promise<void> {
  const name = `probe-${randomUUID()}`;
  const isOurs = await database.transaction(async (tx) => {
    const text = 'select count(*)::int as n from pg_prepared_statements where name = $1';
    const { rows } = await tx.query<{ n: number }>({ name, text, values: [name] });
    if (rows[0]?.n === 0) return false;
    await tx.query(`deallocate "${name}"`);
    return true;
  });
  if (isOurs) {
    throw new ServerRefusal(
      'the pooler does not keep prepared statements: DATABASE_POOLER=transaction needs PgBouncer ' +
        '1.21 or newer with max_prepared_statements above 0',
    );
  }
}
