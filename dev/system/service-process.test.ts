import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { createTestDatabaseUrl } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { publicKeysOf } from '#harness/system/processes.ts';
import type { Environment } from '#platform/config/load-config.ts';
import { isAlive } from '../files/process.ts';
import { createSecrets } from './secrets.ts';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';

const KEYS = await publicKeysOf(createSecrets());
const MODULE = new URL('service-process.ts', import.meta.url).href;

/** The settings of profiles, and a start with them whose process ends before its database does. */
async function profiles(t: TestContext) {
  const started: ServiceProcess[] = [];
  const url = await createTestDatabaseUrl(t, async () => {
    for (const one of started) {
      one.kill('SIGKILL');
      await one.exited;
    }
  });
  const settings: Environment = { PROFILES_DATABASE_URL: url, SERVICE_PUBLIC_KEYS: KEYS };
  return {
    settings,
    async start(options: Parameters<typeof startServiceProcess>[2] = {}) {
      const one = await startServiceProcess('profiles', settings, options);
      started.push(one);
      return one;
    },
  };
}

test('a service runs as a process that answers, and ends with code 0 when it is closed', async (t) => {
  const lines: string[] = [];
  const { start } = await profiles(t);
  const one = await start({ onLine: (line) => lines.push(line) });
  assert.notEqual(one.pid, process.pid);
  assert.equal(isAlive(one.pid), true);
  assert.equal((await fetch(`${one.url}/readyz`)).status, 200);
  assert.ok(lines.some((line) => line.includes(`profiles listens on ${one.url}`)));
  await Promise.all([one.close(), one.close()]);
  assert.deepEqual(await one.exited, { code: 0, signal: null });
  assert.equal(isAlive(one.pid), false);
});

test('a start that fails reports the output of the process', async () => {
  await assert.rejects(startServiceProcess('profiles', { PORT: 'eighty' }), (error: Error) => {
    assert.match(error.message, /^profiles ended before it listened, with code 1:\n/);
    assert.match(error.message, /PROFILES_DATABASE_URL is not set/);
    assert.match(error.message, /PORT must be a whole number/);
    return true;
  });
});

test('a process is configured by its settings alone, not by the environment of its parent', async (t) => {
  const { settings } = await profiles(t);
  process.env.PROFILES_DATABASE_URL = settings.PROFILES_DATABASE_URL;
  t.after(() => {
    delete process.env.PROFILES_DATABASE_URL;
  });
  const started = startServiceProcess('profiles', { SERVICE_PUBLIC_KEYS: KEYS });
  // A process that did start would keep this one from its end.
  t.after(async () => (await started.catch(() => undefined))?.kill('SIGKILL'));
  await assert.rejects(started, /PROFILES_DATABASE_URL is not set/);
});

test('a killed process is reported, unless its owner killed it while closing', async (t) => {
  const { start } = await profiles(t);
  const killed = await start();
  killed.kill('SIGKILL');
  assert.deepEqual(await killed.exited, { code: null, signal: 'SIGKILL' });
  await killed.close();

  const lost = await start();
  process.kill(lost.pid, 'SIGKILL');
  await lost.exited;
  await assert.rejects(lost.close(), /^Error: profiles had ended by itself with SIGKILL:/);
});

test('a process that does not stop is killed, and the kill is reported', async (t) => {
  const one = await (await profiles(t)).start({ stopTimeoutMs: 100 });
  one.kill('SIGSTOP');
  await assert.rejects(
    one.close(),
    /^Error: profiles did not end within 100 ms of SIGTERM at \d{4}-/,
  );
  assert.equal(isAlive(one.pid), false);
});

for (const [end, signal] of [
  ['is killed', 'SIGKILL'],
  ['is interrupted', 'SIGINT'],
  ['ends by itself', null],
] as const) {
  test(`no process is left when its parent ${end}`, async (t) => {
    const { settings } = await profiles(t);
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', PARENT], {
      env: { ...process.env, SETTINGS: JSON.stringify(settings) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(parent, 'close');
    const [pid] = (await once(parent.stdout.setEncoding('utf8'), 'data')).map(Number) as [number];
    assert.equal(isAlive(pid), true);
    if (signal === null) parent.stdin.end();
    else parent.kill(signal);
    await ended;
    await eventually('the end of the process', async () => !isAlive(pid));
  });
}

/** Starts profiles, prints its pid, and ends when its input does. */
const PARENT = `
  const { startServiceProcess } = await import('${MODULE}');
  const { pid } = await startServiceProcess('profiles', JSON.parse(process.env.SETTINGS));
  console.log(pid);
  process.stdin.on('end', () => process.exit()).resume();
`;
