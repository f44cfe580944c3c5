import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findSession, saveSession, sessionsFile } from './sessions.ts';

const URL_A = 'http://127.0.0.1:8080';
const URL_B = 'https://shop.example.com';

async function temporaryFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-sessions-'));
  t.after(() => rm(folder, { recursive: true }));
  return sessionsFile({ XDG_CONFIG_HOME: folder });
}

const session = (email: string) => ({
  email,
  token: `token of ${email}`,
  expiresAt: '2026-03-05T09:07:00.000Z',
  currency: 'RUB',
});

test('sessions are kept by system and role, and forgotten one by one', async (t) => {
  const file = await temporaryFile(t);
  assert.equal(await findSession(file, URL_A, 'customer'), undefined);
  await saveSession(file, URL_A, 'customer', session('anna'));
  await saveSession(file, URL_A, 'operator', session('operator'));
  await saveSession(file, URL_B, 'customer', session('boris'));
  assert.deepEqual(await findSession(file, URL_A, 'customer'), session('anna'));
  await saveSession(file, URL_A, 'customer', null);
  assert.equal(await findSession(file, URL_A, 'customer'), undefined);
  assert.deepEqual(await findSession(file, URL_A, 'operator'), session('operator'));
  assert.deepEqual(await findSession(file, URL_B, 'customer'), session('boris'));
});

test('only the owner can read the file, even if the folder was readable by others before', async (t) => {
  const file = await temporaryFile(t);
  await mkdir(dirname(file), { recursive: true });
  await chmod(dirname(file), 0o755);
  await saveSession(file, URL_A, 'customer', session('anna'));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(dirname(file))).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(dirname(file)), ['sessions.json']);
});

test('a broken file is named, and not overwritten', async (t) => {
  const file = await temporaryFile(t);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, '{');
  await assert.rejects(findSession(file, URL_A, 'customer'), /sessions\.json: /);
  await assert.rejects(saveSession(file, URL_A, 'customer', session('anna')), /sessions\.json: /);
});
