import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { untilQuiet } from '#harness/oracle/oracle.ts';
import { filesWith, tablesWith } from '#harness/oracle/personal-data.ts';
import { call } from '#harness/requests.ts';
import { temporaryCli } from '#harness/system/cli.ts';
import { ready, sourcesOf, temporaryHome } from '#harness/system/start.ts';
import { DATABASES, OPERATOR_EMAIL } from '../system/system.ts';

const PASSWORD = 'correct horse battery';

test('an erasure that is killed in the middle leaves nothing in tables, files and logs', async (t) => {
  const { home, start } = await temporaryHome(t);
  // All lines of the log are printed.
  const settings = { LOG_LEVEL: 'debug', RECOVERY_INTERVAL_MS: '300' };
  let started = start('0', settings);
  let url = await ready(started);
  const mark = randomUUID().slice(0, 8);
  const texts = [`anna.${mark}@example.com`, `Аннушка ${mark} 12345`, `Книга ${mark}`];
  const [email, name, item] = texts as [string, string, string];
  const { config, run } = await temporaryCli(t, url);
  const cli = async (...words: string[]) => {
    const { code, stderr } = await run(...words);
    assert.equal(code, 0, stderr);
  };
  await cli('register', email, '--name', name, '--password', PASSWORD);
  await cli('top-up', '1000');
  await cli('order', `${item}@5`);
  const sources = await sourcesOf(home);
  await untilQuiet(sources);
  const isPostgres = (path: string) => path.startsWith(join(home, 'postgres'));
  const files = () => [...filesWith(home, texts, isPostgres), ...filesWith(config, texts)];
  const names = files().map((path) => basename(path));
  assert.deepEqual(names, ['mailbox.sqlite-wal', 'sessions.json']);

  // Letters stay as they are until the process is killed.
  const holder = new pg.Client({ connectionString: sources.databaseUrl('notifications') });
  await holder.connect();
  await holder.query('begin; select from letters for update');
  await cli('account', 'erase', '--password', PASSWORD, '--yes');
  await eventually('the beginning of the erasure', async () => {
    const rows = await queryRows(
      sources.databaseUrl('identity'),
      `select from "user" where email = $1`,
      [email],
    );
    return rows.length === 0;
  });
  started.child.kill('SIGKILL');
  await started.exited;
  await holder.end();
  const printed = started.printed();
  started = start('0', settings);
  url = await ready(started);
  const [erasure] = await queryRows(
    (await sourcesOf(home)).databaseUrl('profiles'),
    'select * from erasures',
  );
  const password = (await readFile(join(home, 'operator-password'), 'utf8')).trim();
  const session = await call(url, 'POST', '/v1/sessions', {
    body: { email: OPERATOR_EMAIL, password },
  });
  const headers = { authorization: `Bearer ${session.body.accessToken}` };
  const path = `/v1/operator/customers/${erasure?.customer_id}/erasure`;
  await eventually('the end of the erasure', async () => {
    // The lease of the gateway that died.
    const { databaseUrl } = await sourcesOf(home);
    await queryRows(databaseUrl('profiles'), 'update erasures set leased_until = null');
    return (await call(url, 'GET', path, { headers })).body.state === 'done';
  });
  const { databaseUrl } = await sourcesOf(home);
  const tables = await Promise.all(DATABASES.map((each) => tablesWith(databaseUrl(each), texts)));
  assert.deepEqual([...tables.flat(), ...files()], []);
  const log = `${printed}${started.printed()}`.toLowerCase();
  assert.deepEqual(
    texts.filter((text) => log.includes(text.toLowerCase())),
    [],
  );
});
