import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isAlive } from '#dev/files/process.ts';
import { spawnNode } from '#harness/child-process.ts';
import { eventually } from '#harness/eventually.ts';
import { processesOf } from '#harness/system/start.ts';

const CACHE = join(import.meta.dirname, '..', '..', '.orderbell', 'testing');
const KIT = new URL('testing.ts', import.meta.url).href;

type Run = ReturnType<typeof spawnNode>;

/** A program that starts systems, in a folder of its own for temporary files. */
async function program(t: TestContext, text: string, cache = CACHE) {
  const scratch = await mkdtemp(join(tmpdir(), 'kit-test-'));
  const all: Run[] = [];
  t.after(async () => {
    for (const { child } of all) child.kill('SIGKILL');
    await Promise.all(all.map(({ exited }) => exited));
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  });
  // For root the database runs as another user, who must be able to enter.
  await chmod(scratch, 0o755);
  await mkdir(join(scratch, 'tmp'), { mode: 0o755 });
  const file = join(scratch, 'program.ts');
  const start = `startOrderbell({ cache: ${JSON.stringify(cache)} })`;
  await writeFile(
    file,
    `import { startOrderbell } from ${JSON.stringify(KIT)};\n${text.replaceAll('START', start)}`,
  );
  const folder = join(scratch, 'tmp');
  const run = (): Run => {
    const started = spawnNode([file], { env: { ...process.env, TMPDIR: folder }, ownGroup: true });
    all.push(started);
    return started;
  };
  return { folder, run };
}

const PRINT_URL = 'console.log((await START).url);';
const WAIT = 'setInterval(() => {}, 1_000);';

const urlOf = (started: Run): Promise<string> =>
  eventually('the address', async () => {
    if (started.child.exitCode !== null) throw new Error(started.printed());
    return /http:\S+/.exec(started.printed('stdout'))?.[0];
  });

async function assertNothingLeft(folder: string, url: string, pid?: number): Promise<void> {
  await eventually('the end of all parts', async () => {
    const files = await readdir(folder);
    const runs = pid !== undefined && isAlive(pid);
    return files.length === 0 && processesOf(folder).length === 0 && !runs;
  });
  await assert.rejects(fetch(`${url}/readyz`), TypeError);
}

/** The process of the one system in a folder. */
async function kitPid(folder: string): Promise<number> {
  const [home] = await readdir(folder);
  return Number(/^orderbell-testing-(\d+)-/.exec(home ?? '')?.[1]);
}

test('a test process that is killed leaves no process, port or folder', async (t) => {
  const { folder, run } = await program(t, PRINT_URL + WAIT);
  const started = run();
  const url = await urlOf(started);
  assert.ok(processesOf(folder).length > 1, 'the processes were not found');
  const pid = await kitPid(folder);
  assert.equal(isAlive(pid), true);
  started.child.kill('SIGKILL');
  await assertNothingLeft(folder, url, pid);
});

test('what kills the whole group of the test leaves nothing either', async (t) => {
  const { folder, run } = await program(t, PRINT_URL + WAIT);
  const started = run();
  const url = await urlOf(started);
  process.kill(-(started.child.pid as number), 'SIGKILL');
  await assertNothingLeft(folder, url);
});

test('a process that forgets to close its system ends, and leaves nothing', async (t) => {
  const { folder, run } = await program(t, PRINT_URL);
  const started = run();
  assert.equal(await started.exited, 0, started.printed());
  await assertNothingLeft(folder, /http:\S+/.exec(started.printed())?.[0] ?? '');
});

test('what a killed system leaves, the next start removes, and a call says that it is gone', async (t) => {
  const { folder, run } = await program(
    t,
    `const shop = await START; console.log(shop.url);
     process.stdin.resume();
     const fault = await new Promise((resolve) => {
       const ask = () => shop.clock.advance(0).then(() => setTimeout(ask, 50), resolve);
       ask();
     });
     console.log(String(fault));
     process.exit();`,
  );
  const started = run();
  await urlOf(started);
  const pid = await kitPid(folder);
  process.kill(pid, 'SIGKILL');
  assert.equal(await started.exited, 0);
  assert.match(started.printed(), /the process of Orderbell has ended/);
  assert.equal(isAlive(pid), false);
  assert.ok((await readdir(folder)).length > 0, 'it left nothing to remove');

  const next = run();
  const url = await urlOf(next);
  const homes = await readdir(folder);
  assert.equal(homes.length, 1);
  assert.notEqual(await kitPid(folder), pid);
  next.child.kill('SIGKILL');
  await assertNothingLeft(folder, url);
});

test('the first start makes the data that later ones copy, and parallel ones do not disturb it', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'kit-cache-'));
  t.after(() => rm(cache, { recursive: true, force: true, maxRetries: 5 }));
  const text = `
    const begun = performance.now();
    const shops = await Promise.all([START, START]);
    const first = performance.now();
    shops.push(await START);
    console.log('first starts ' + Math.round(first - begun) + ' ms, a later one ' +
      Math.round(performance.now() - first) + ' ms');
    console.log(new Set(shops.map(({ url }) => url)).size + ' systems');
    await Promise.all(shops.map((shop) => shop.close()));`;
  const { folder, run } = await program(t, text, cache);
  const started = run();
  assert.equal(await started.exited, 0, started.printed());
  t.diagnostic(started.printed('stdout'));
  assert.match(started.printed(), /3 systems/);
  assert.deepEqual(await readdir(folder), []);
  const kept = await readdir(cache);
  assert.equal(kept.filter((name) => name.startsWith('data-')).length, 1, kept.join());
});
