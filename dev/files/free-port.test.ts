import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort } from './free-port.ts';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

test('a port is not one that a connection or a server of any port can get', async (t) => {
  const port = await freePort();
  assert.ok(port < 32_768, `${port}`);
  if (process.platform !== 'linux') return t.skip('the range of the system is read on Linux');
  const [first = 0] = readFileSync(RANGE, 'utf8').trim().split(/\s+/).map(Number);
  if (first < 32_768) return t.skip(`this system gives away ports from ${first}`);
  assert.ok(port < first, `${port} is not below ${first}`);
});

test('ports at once are different, and a used one is left out', async (t) => {
  const ports = await Promise.all(Array.from({ length: 5 }, freePort));
  assert.equal(new Set(ports).size, 5);
  const used = Math.max(...ports) + 1;
  const server = createServer().listen(used, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  assert.notEqual(await freePort(), used);
});

test('a fault that no other port would cure ends the search', {
  skip: process.platform === 'win32',
}, () => {
  const source = `
    import { openSync } from 'node:fs';
    import { freePort } from ${JSON.stringify(new URL('free-port.ts', import.meta.url).href)};
    await freePort();
    try { for (;;) openSync('/dev/null'); } catch {}
    console.log(await freePort().catch((error) => error.code));`;
  const script = 'ulimit -n 256; exec "$0" --input-type=module -e "$1"';
  const options = { encoding: 'utf8', timeout: 60_000 } as const;
  assert.equal(
    spawnSync('sh', ['-c', script, process.execPath, source], options).stdout,
    'EMFILE\n',
  );
});
