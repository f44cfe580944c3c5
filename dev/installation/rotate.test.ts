import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseEnv } from 'node:util';
import { createCallerCheck, createCredentials } from '#platform/http/service-token.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const OPTIONS = [
  ...['--postgres', 'db.example', '--kafka', 'a.example:1', '--smtp', 'smtp://mail.example'],
  ...['--mail-from', 'Orders <orders@shop.example>'],
];

function run(script: string, args: string[]) {
  const all = ['dev/run.cjs', `dev/installation/${script}.ts`, ...args];
  return spawnSync(process.execPath, all, { cwd: ROOT, encoding: 'utf8' });
}

async function openInstallation(t: TestContext, ...more: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-rotate-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const made = run('new-installation', [...OPTIONS, ...more, '--out', folder]);
  assert.equal(made.status, 0, made.stderr);
  const file = join(folder, '.env');
  const text = () => readFileSync(file, 'utf8');
  return {
    folder,
    file,
    text,
    env: () => parseEnv(text()) as Record<string, string>,
    secret: (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8'),
    has: (name: string) => existsSync(join(folder, 'secrets', name)),
    rotate: (...args: string[]) => run('rotate', [...args, '--out', folder]),
    done(...args: string[]): string {
      const { status, stdout, stderr } = run('rotate', [...args, '--out', folder]);
      assert.equal(status, 0, stderr);
      return stdout;
    },
  };
}

/** Whether callees with these settings accept a caller with those. */
async function accepts(callee: Record<string, string>, caller: Record<string, string>) {
  const check = createCallerCheck('orders', JSON.parse(callee.SERVICE_PUBLIC_KEYS ?? ''));
  const credentials = await createCredentials('gateway', caller.GATEWAY_PRIVATE_KEY ?? '');
  return check(await credentials('orders')).then(
    () => true,
    () => false,
  );
}

test("the gateway's key is replaced in three steps that go together side by side", async (t) => {
  const { env, done, secret, text, file } = await openInstallation(t);
  const envs = [env()];
  const steps = ['add', 'switch', 'remove'].map((step) => {
    const said = done('gateway', step);
    envs.push(env());
    return said;
  });
  assert.match(
    steps[0] ?? '',
    /restart orders, billing, profiles, notifications, identity, webhooks with it/,
  );
  assert.match(steps[0] ?? '', /When all of them run: npm run rotate -- gateway switch --out/);
  assert.match(steps[1] ?? '', /GATEWAY_PRIVATE_KEY is the new key.*restart gateway with it/s);
  assert.match(steps[2] ?? '', /Step 3 of 3 is done.*the rotation is complete/s);
  // While replicas restart, those of two steps meet.
  for (let step = 0; step < 3; step++) {
    const [before, after] = [envs[step], envs[step + 1]] as Record<string, string>[];
    for (const callee of [before, after]) {
      for (const caller of [before, after]) {
        assert.ok(await accepts(callee as never, caller as never), `step ${step + 1}`);
      }
    }
  }
  assert.equal(await accepts(envs[3] as never, envs[0] as never), false);
  assert.equal('GATEWAY_PRIVATE_KEY_NEXT' in env(), false);
  for (const name of ['GATEWAY_PRIVATE_KEY', 'SERVICE_PUBLIC_KEYS']) {
    assert.equal(secret(name).trim().replaceAll('\n', '\\n'), env()[name], name);
  }
  const lines = (all: Record<string, string>) => Object.keys(all).sort();
  assert.deepEqual(lines(env()), lines(envs[0] as never));
  assert.match(text(), /^# Each setting: docs/m);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a step may be repeated, a wrong one is refused, and the command says what is next', async (t) => {
  const { text, done, rotate } = await openInstallation(t);
  assert.match(done('notifications'), /No rotation is under way.*notifications add/);
  assert.match(done('notifications', 'remove'), /Nothing is left to remove/);
  const early = rotate('notifications', 'switch');
  assert.equal(early.status, 1);
  assert.match(early.stderr, /^switch is not the next step of notifications. First: .* add /);
  for (const [step, late] of [
    ['add', 'remove'],
    ['switch', 'add'],
    ['remove', 'switch'],
  ] as const) {
    const said = done('notifications', step);
    const before = text();
    assert.equal(done('notifications', step).includes('Nothing is left'), step === 'remove');
    assert.equal(text(), before, step);
    if (step !== 'remove') assert.equal(done('notifications'), said);
    assert.equal(rotate('notifications', late).status, 1, late);
    assert.equal(text(), before, late);
  }
});

test('the secret of identity is replaced in three steps', async (t) => {
  const { env, done, secret, has } = await openInstallation(t);
  const { IDENTITY_SECRET: old } = env();
  done('identity-secret', 'add');
  const { IDENTITY_SECRET_PREVIOUS: made } = env();
  assert.equal(env().IDENTITY_SECRET, old);
  assert.equal(secret('IDENTITY_SECRET_PREVIOUS'), made);
  done('identity-secret', 'switch');
  assert.deepEqual([env().IDENTITY_SECRET, env().IDENTITY_SECRET_PREVIOUS], [made, old]);
  assert.equal(secret('IDENTITY_SECRET'), made);
  assert.match(done('identity-secret', 'remove'), /restart identity with it/);
  assert.deepEqual([env().IDENTITY_SECRET, env().IDENTITY_SECRET_PREVIOUS], [made, undefined]);
  assert.equal(has('IDENTITY_SECRET_PREVIOUS'), false);
});

test('what is not there is named', async (t) => {
  const issued = await openInstallation(t, '--issuer', 'https://id.example');
  assert.match(
    issued.rotate('identity-secret').stderr,
    /^npm run rotate -- <gateway\|notifications>/,
  );
  assert.doesNotMatch(issued.done('gateway', 'add'), /identity/);
  assert.match(issued.rotate('gateway', 'ad').stderr, /\[add\|switch\|remove\]/);
  assert.equal(issued.rotate('gateway', 'add', 'more').status, 1);
  assert.match(
    run('rotate', ['gateway', '--out', '/nowhere']).stderr,
    /^there is no \/nowhere\/\.env/,
  );
  const lines = issued.text().replace(/^NOTIFICATIONS_PRIVATE_KEY=.*\n/m, '');
  writeFileSync(issued.file, lines);
  assert.match(
    issued.rotate('notifications').stderr,
    /has no NOTIFICATIONS_PRIVATE_KEY to replace/,
  );
});

test('a key on several lines is replaced as a whole', async (t) => {
  const { text, env, file, done } = await openInstallation(t);
  const key = env().GATEWAY_PRIVATE_KEY?.replaceAll('\\n', '\n') ?? '';
  const other = env().NOTIFICATIONS_PRIVATE_KEY;
  writeFileSync(
    file,
    text().replace(/^GATEWAY_PRIVATE_KEY=.*/m, () => `GATEWAY_PRIVATE_KEY="${key}"`),
  );
  for (const step of ['add', 'switch', 'remove']) done('gateway', step);
  assert.notEqual(env().GATEWAY_PRIVATE_KEY, key);
  assert.equal(text().match(/BEGIN PRIVATE KEY/g)?.length, 2);
  assert.equal(env().NOTIFICATIONS_PRIVATE_KEY, other);
  assert.ok(await accepts(env(), env()));
});
