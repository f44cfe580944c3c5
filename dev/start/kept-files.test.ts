import assert from 'node:assert/strict';
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { openMailStore } from '../mailbox/store.ts';
import { startPostgres } from '../postgres/postgres.ts';
import { loadSecrets } from '../system/secrets.ts';
import { checkRunningFile } from './running.ts';

const log = pino({ level: 'silent' });
const isRoot = process.getuid?.() === 0;

/** Ways to damage a file. `null`: not possible for root, which may read every file. */
const damages: Record<string, ((file: string) => Promise<unknown>) | null> = {
  empty: (file) => writeFile(file, ''),
  cut: async (file) => {
    const content = await readFile(file);
    return writeFile(file, content.subarray(0, Math.min(100, content.length / 2)));
  },
  'an empty object': (file) => writeFile(file, '{}'),
  removed: (file) => rm(file),
  unreadable: isRoot ? null : (file) => chmod(file, 0),
  'a folder': async (file) => {
    await rm(file);
    await mkdir(file);
  },
};

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-kept-'));
  // For root the database runs as another user, which needs access to this folder.
  await chmod(folder, 0o755);
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** One line that names the file, says what it is for and what to do. */
async function assertNamed(work: Promise<unknown>, file: string): Promise<void> {
  await assert.rejects(work, ({ message }: Error) => {
    assert.ok(message.includes(file), message);
    assert.doesNotMatch(message, /\n/);
    assert.match(message, /restore|delete|move it away/i);
    return true;
  });
}

/** Everything in a folder, to see that a refused start has changed nothing. */
async function contentOf(folder: string): Promise<unknown[]> {
  const names = (await readdir(folder)).filter((name) => name !== 'postgres.log');
  return Promise.all(
    names.sort().map(async (name) => {
      const path = join(folder, name);
      const { ino, mtimeMs } = await stat(path);
      return [name, ino, name === 'postgres' || mtimeMs];
    }),
  );
}

for (const [how, damage] of Object.entries(damages)) {
  for (const name of ['secrets.json', 'operator-password']) {
    // A copy for people, which the next start writes again.
    const isMade = name === 'operator-password' && how === 'removed';
    test(`${name} ${how}: ${isMade ? 'it is written again' : 'named, and left as it is'}`, {
      skip: damage === null && 'root may read everything',
    }, async (t) => {
      const home = await temporaryFolder(t);
      const { secrets, keepOperatorPassword } = await loadSecrets(home);
      await keepOperatorPassword();
      await damage?.(join(home, name));
      const before = await contentOf(home);
      if (isMade) {
        const again = await loadSecrets(home);
        assert.equal(again.fresh, true);
        await again.keepOperatorPassword();
        const kept = await readFile(join(home, name), 'utf8');
        assert.equal(kept.trim(), secrets.operatorPassword);
        return;
      }
      await assertNamed(loadSecrets(home), join(home, name));
      if (how === 'empty') await assert.rejects(loadSecrets(home), /is empty/);
      assert.deepEqual(await contentOf(home), before);
    });
  }
}

test('secrets.json with a member of another type is named with the member', async (t) => {
  const home = await temporaryFolder(t);
  const { secrets } = await loadSecrets(home);
  for (const name of Object.keys(secrets)) {
    for (const value of [5, null, '', 'short']) {
      const changed = JSON.stringify({ ...secrets, [name]: value });
      await writeFile(join(home, 'secrets.json'), changed);
      await assert.rejects(loadSecrets(home), new RegExp(`secrets\\.json has no valid "${name}"`));
    }
  }
  for (const value of ['null', '[]', '5', '"text"']) {
    await writeFile(join(home, 'secrets.json'), value);
    await assertNamed(loadSecrets(home), 'secrets.json');
  }
});

test('a data folder that is a file is named', async (t) => {
  const file = join(await temporaryFolder(t), 'home');
  await writeFile(file, '');
  await assert.rejects(loadSecrets(file), /home is not a folder\..*ORDERBELL_HOME/);
});

test('running.json of any content is replaced; a folder in its place is named', async (t) => {
  const home = await temporaryFolder(t);
  await checkRunningFile(home);
  await writeFile(join(home, 'running.json'), '{');
  await checkRunningFile(home);
  await rm(join(home, 'running.json'));
  await mkdir(join(home, 'running.json'));
  await assertNamed(checkRunningFile(home), 'running.json');
});

test('a mailbox that is damaged is named and left as it is', async (t) => {
  const folder = await temporaryFolder(t);
  const whole = join(folder, 'whole.sqlite');
  const kept = { messagesMax: 10 };
  const store = openMailStore(whole, kept);
  const raw = Buffer.alloc(20_000, 'x');
  store.add([{ receivedAt: '2026-01-01', envelope: { from: 'a@a.aa', to: ['b@b.bb'] }, raw }]);
  store.close();
  for (const [how, damage] of Object.entries(damages)) {
    // SQLite makes an empty or absent file into a mailbox without letters.
    const works = how === 'empty' || how === 'removed';
    if (damage === null) continue;
    const file = join(folder, `${how}.sqlite`);
    await cp(whole, file);
    await damage(file);
    if (works) openMailStore(file, kept).close();
    else await assertNamed((async () => openMailStore(file, kept))(), file);
  }
  await mkdir(`${whole}-wal`);
  await assertNamed((async () => openMailStore(whole, kept))(), `${whole} cannot be opened`);
});

// Of the other damages to these files PostgreSQL has no harm.
const POSTGRES_FILES: Record<string, string[]> = {
  'postgres-password': Object.keys(damages),
  'postgres/PG_VERSION': Object.keys(damages),
  'postgres/global/pg_control': Object.keys(damages),
  'postgres/postgresql.conf': ['an empty object', 'removed', 'unreadable', 'a folder'],
  'postgres/postmaster.pid': ['empty', 'an empty object', 'unreadable', 'a folder'],
};

test("damaged files of PostgreSQL's data are named, and nothing is made in their place", async (t) => {
  const home = await temporaryFolder(t);
  const start = () => startPostgres({ home, log, settings: { fsync: 'off' } });
  await (await start()).stop();
  const kept = join(await temporaryFolder(t), 'kept');
  await cp(home, kept, { recursive: true, preserveTimestamps: true });
  const owner = await stat(join(home, 'postgres'));

  /** A start must refuse; one that does not is stopped for the next case. */
  async function refuses(): Promise<void> {
    const postgres = await start();
    await postgres.stop();
  }

  for (const [name, hows] of Object.entries(POSTGRES_FILES)) {
    const file = join(home, name);
    for (const how of hows) {
      if (name.endsWith('.pid')) await writeFile(file, 'x'.repeat(50));
      const damage = damages[how];
      if (!damage) continue;
      await damage(file);
      const before = await contentOf(home);
      await t.test(`${name} ${how}`, () => assertNamed(refuses(), basename(file)));
      assert.deepEqual(await contentOf(home), before);
      await rm(file, { recursive: true, force: true });
      if (name.endsWith('.pid')) continue;
      await cp(join(kept, name), file);
      if (isRoot) await chown(file, owner.uid, owner.gid);
    }
  }
  await refuses();
});
