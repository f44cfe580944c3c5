import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createTestDatabaseUrl, migrationsOf, openDatabase } from '#harness/database.ts';
import { migrate } from '#platform/postgres/migrate.ts';
import { findProfile } from './store.ts';

test('customers of earlier releases count as confirmed, those after them do not', async (t) => {
  const all = migrationsOf('profiles');
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-migrations-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const file of await readdir(all)) {
    if (file < '0003') await cp(new URL(file, all), join(folder, file));
  }
  const url = await createTestDatabaseUrl(t, () => database.close());
  const database = openDatabase(url);
  const insert = (customerId: string) =>
    database.query(
      `insert into profiles (customer_id, email, name, locale) values ($1, 'a@b.cd', 'A', 'en')`,
      [customerId],
    );
  await migrate(database, pathToFileURL(`${folder}/`));
  await insert('before');
  await migrate(database, all);
  await insert('after');
  const confirmed = async (customerId: string) =>
    (await findProfile(database, customerId))?.profile.emailConfirmed;
  assert.deepEqual([await confirmed('before'), await confirmed('after')], [true, false]);
});
