import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#dev/files/free-port.ts';
import type { PostgresServer } from '#harness/system/postgres-server.ts';
import { findTool } from '#harness/system/tools.ts';

// HAProxy in front of PostgreSQL servers, with the configuration of docs/how-to/own-postgresql.md.

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'how-to', 'own-postgresql.md');

/** @returns the port where the writable server answers */
export async function startPostgresHaproxy(
  open: AsyncDisposableStack,
  servers: PostgresServer[],
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-haproxy-'));
  open.defer(() => rm(folder, { recursive: true }));
  const port = await freePort();
  const lines = await Promise.all(
    servers.map(async (server, index) => {
      const check = await startPrimaryCheck(open, server);
      return `  server db${index} 127.0.0.1:${server.port} check port ${check}`;
    }),
  );
  const [, block = ''] = /```haproxy\n([\s\S]*?)```/.exec(await readFile(PAGE, 'utf8')) ?? [];
  const kept = block.split('\n').filter((line) => !/^ *server /.test(line));
  const text = [...kept, ...lines, ''].join('\n').replace('bind :5432', `bind 127.0.0.1:${port}`);
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, text);
  const child = spawn(findTool('haproxy') as string, ['-db', '-f', file], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  open.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return port;
}

/** Answers 200 while the server takes writes, as `GET /primary` of Patroni. @returns its port */
async function startPrimaryCheck(
  open: AsyncDisposableStack,
  server: PostgresServer,
): Promise<number> {
  let asking: Promise<boolean> | undefined;
  const isPrimary = () =>
    server.query('select pg_is_in_recovery() as standby').then(
      ([row]) => row?.standby === false,
      () => false,
    );
  const http = createServer((_request, response) => {
    // A frozen server answers none: then one question waits, and not one for each check.
    asking ??= isPrimary().finally(() => {
      asking = undefined;
    });
    void asking.then((primary) => response.writeHead(primary ? 200 : 503).end());
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  open.defer(async () => {
    http.close();
    http.closeAllConnections();
  });
  return (http.address() as AddressInfo).port;
}
