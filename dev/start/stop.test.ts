import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ready, serverPid, temporaryHome } from '#harness/system/start.ts';
import { stopAll } from './stop.ts';

/** Loaded before the services: no HTTP server of the process ever reports its end. */
const NEVER_CLOSED = `data:text/javascript,${encodeURIComponent(`
  import http from 'node:http';
  http.Server.prototype.close = function () { return this; };
`)}`;

test('services that cannot end are left, and PostgreSQL is stopped all the same', async (t) => {
  const { home, start } = await temporaryHome(t);
  const started = start('0', { NODE_OPTIONS: `--import=${NEVER_CLOSED}` });
  await ready(started);
  assert.ok(serverPid(home) !== undefined);
  started.child.kill('SIGTERM');
  assert.equal(await started.exited, 1);
  assert.equal(serverPid(home), undefined, started.printed());
  assert.match(started.printed(), /could not stop cleanly: .*gateway did not end/);
});

test('a stop goes on after what fails, and names it', async () => {
  const closed: string[] = [];
  const stop = (what: string, fault?: Error) => ({
    what,
    async close() {
      closed.push(what);
      if (fault !== undefined) throw fault;
    },
  });
  const stops = [stop('the services', new Error('stuck')), stop('the mailbox')];
  await assert.rejects(stopAll(stops, stop('PostgreSQL')), { message: 'the services: stuck' });
  assert.deepEqual(closed, ['the services', 'the mailbox', 'PostgreSQL']);
});
