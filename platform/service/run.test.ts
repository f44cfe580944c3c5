import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';

const runUrl = new URL('run.ts', import.meta.url);

/** A process with a service of which only start and close matter. */
async function startProcess(
  t: TestContext,
  env: Record<string, string>,
  close = '',
  asOld = false,
) {
  const source = `
    import { runService } from ${JSON.stringify(runUrl.href)};
    import { Type } from 'typebox';
    const service = {
      name: 'thing',
      settings: Type.Object({ NAME: Type.String({ description: 'A name.' }) }),
      async start({ NAME }) {
        if (NAME === 'broken') throw new Error('no place', { cause: new Error('disk full') });
        const alive = setInterval(() => {}, 1_000);
        return { url: 'http://' + NAME, async close() { clearInterval(alive); ${close} } };
      },
    };
    await runService(async () => ({ service }));`;
  const old = `Object.defineProperty(process.versions, 'node', { value: '24.1.0' });`;
  const preload = asOld ? [`--import=data:text/javascript,${encodeURIComponent(old)}`] : [];
  const child = spawn(process.execPath, [...preload, '--input-type=module', '-e', source], {
    cwd: new URL('../..', import.meta.url),
    env: { PATH: process.env.PATH, ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
      for (const look of waiting) look();
    });
  }
  const closed = once(child, 'close');
  return {
    child,
    output: () => output,
    exitCode: async (): Promise<number | null> => (await closed)[0],
    said: (text: string) =>
      new Promise<void>((resolve, reject) => {
        const look = () => output.includes(text) && resolve();
        waiting.add(look);
        look();
        closed.then(() => reject(new Error(`ended without saying "${text}": ${output}`)), reject);
      }),
  };
}

test('a service says where it listens, and SIGTERM ends it with 0 after it has closed', async (t) => {
  const service = await startProcess(t, { NAME: 'here' }, "console.log('all closed');");
  await service.said('thing listens on http://here');
  service.child.kill('SIGTERM');
  assert.equal(await service.exitCode(), 0);
  assert.match(service.output(), /all closed/);
});

test('a second signal does not cut the stop short', async (t) => {
  const close = `
    console.log('closing');
    process.on('SIGINT', () => console.log('heard it again'));
    await new Promise((resolve) => process.stdin.once('data', resolve));
    console.log('all closed');`;
  const service = await startProcess(t, { NAME: 'here' }, close);
  await service.said('thing listens');
  service.child.kill('SIGINT');
  await service.said('closing');
  service.child.kill('SIGINT');
  await service.said('heard it again');
  service.child.stdin.end('go on');
  assert.equal(await service.exitCode(), 0);
  assert.match(service.output(), /all closed/);
});

test('a stop that fails ends with 1 and says why', async (t) => {
  const service = await startProcess(t, { NAME: 'here' }, "throw new Error('stuck');");
  await service.said('thing listens');
  service.child.kill('SIGTERM');
  assert.equal(await service.exitCode(), 1);
  assert.match(service.output(), /could not stop cleanly: stuck/);
});

test('missing settings end the start with 1, every problem and no stack', async (t) => {
  const service = await startProcess(t, { LOG_LEVEL: 'loud' });
  assert.equal(await service.exitCode(), 1);
  const { level, service: name, msg, problems } = JSON.parse(service.output());
  assert.deepEqual([level, name], ['fatal', 'thing']);
  assert.match(msg, /^thing cannot start:\n {2}NAME is not set: A name\.\n/);
  assert.deepEqual(problems[0], 'NAME is not set: A name.');
  assert.match(
    problems[1],
    /^LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent$/,
  );
  assert.doesNotMatch(service.output(), / at |loud/);
});

test('a misspelled setting is named, whether the service starts or not', async (t) => {
  const line = 'NAME_FIEL is not a setting: is NAME_FILE meant?';
  const unset = await startProcess(t, { NAME_FIEL: '/run/name' });
  assert.equal(await unset.exitCode(), 1);
  assert.equal(JSON.parse(unset.output()).problems.at(-1), line);
  const started = await startProcess(t, { NAME: 'here', LOG_LEVLE: 'silent' });
  await started.said('LOG_LEVLE is not a setting: is LOG_LEVEL meant?');
  await started.said('thing listens');
});

test('a start that fails exits with 1 and logs the causes', async (t) => {
  const service = await startProcess(t, { NAME: 'broken' });
  assert.equal(await service.exitCode(), 1);
  const { time, ...line } = JSON.parse(service.output());
  assert.ok(Date.parse(time) > 0);
  assert.deepEqual(line, { level: 'fatal', service: 'thing', msg: 'no place: disk full' });
});

test('an older Node is named in one line', async (t) => {
  const service = await startProcess(t, { NAME: 'here' }, '', true);
  assert.equal(await service.exitCode(), 1);
  assert.equal(service.output(), 'Orderbell runs on Node 26, and this is Node 24.1.0\n');
});
