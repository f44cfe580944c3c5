import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '#dev/files/free-port.ts';
import { eventually } from '#harness/eventually.ts';
import { newHistory, orderAnswer } from '#harness/oracle/history.ts';
import { call } from '#harness/requests.ts';
import { holdPorts } from '#harness/system/held-ports.ts';
import { orderOf, type TestSystem } from '#harness/system/system.ts';
import { findTool } from '#harness/system/tools.ts';
import type { Environment } from '#platform/config/load-config.ts';

// Orders at a constant rate while replicas restart, through HAProxy.

const ORDERS_PER_SECOND = 20;
const CUSTOMERS = 10;

/** HAProxy in front of gateways. It repeats no request, neither there nor at another one. */
export async function startHaproxy(
  t: TestContext,
  gateways: string[],
  onLine: (line: string) => void,
) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-haproxy-'));
  const [port, statusPort] = [await freePort(), await freePort()];
  const servers = gateways.map((url, index) => `server gateway${index} ${new URL(url).host}`);
  const file = join(folder, 'haproxy.cfg');
  await writeFile(
    file,
    `defaults
  mode http
  option log-health-checks
  timeout connect 2s
  timeout client 120s
  timeout server 120s
  timeout check 5s
  retries 0
  no option redispatch
frontend public
  bind 127.0.0.1:${port}
  default_backend gateways
backend gateways
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter 200ms fall 2 rise 1
  ${servers.join('\n  ')}
frontend status
  bind 127.0.0.1:${statusPort}
  stats enable
  stats uri /
`,
  );
  const child = spawn(findTool('haproxy') as string, ['-db', '-f', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  createInterface({ input: child.stderr }).on('line', (line) => onLine(`haproxy: ${line}`));
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    /** Waits until the checks of all gateways succeed. */
    allUp: () =>
      eventually('all gateways in HAProxy', async () => {
        const answer = await fetch(`http://127.0.0.1:${statusPort}/;csv`).catch(() => null);
        const rows = (await answer?.text())?.split('\n') ?? [];
        const up = rows.filter((row) => /^gateways,gateway\d,/.test(row) && /,UP,/.test(row));
        return up.length === gateways.length;
      }),
  };
}

/** Places orders at a constant rate until stopped. @returns ends it, with the answers that failed */
export async function startOrders(
  system: TestSystem,
  url: string,
  begin: number,
  perSecond = ORDERS_PER_SECOND,
) {
  const customers = await Promise.all(
    Array.from({ length: CUSTOMERS }, (_, index) =>
      // Half of them have no money, so that their orders are declined.
      system.customer({ topUp: index % 2 === 0 ? 100_000_000 : 0 }),
    ),
  );
  const history = newHistory();
  const failed: string[] = [];
  const pending: Promise<void>[] = [];

  async function place(number: number): Promise<void> {
    const customer = customers[number % customers.length] as (typeof customers)[0];
    const key = `traffic-${number}`;
    const fail = (what: string) =>
      failed.push(`${Math.round(performance.now() - begin)} ms order ${number}: ${what}`);
    const headers = { authorization: `Bearer ${customer.token}`, 'idempotency-key': key };
    try {
      const answer = await call(url, 'POST', '/v1/orders', { headers, body: orderOf(100) });
      const expected = number % 2 === 0 ? 201 : 406;
      const { customerId } = customer;
      history.orders.push(orderAnswer({ customerId, key, amount: 100 }, answer));
      if (answer.status === expected) return;
      fail(`${answer.status} ${JSON.stringify(answer.body)}`);
    } catch (error) {
      fail(String(error));
    }
  }

  let running = true;
  const placed = (async () => {
    const start = performance.now();
    for (let number = 0; running; number++) {
      pending.push(place(number));
      const dueMs = start + ((number + 1) * 1_000) / perSecond - performance.now();
      await pause(Math.max(0, dueMs));
    }
  })();
  return {
    count: () => pending.length,
    async stop() {
      running = false;
      await placed;
      await Promise.all(pending);
      return { failed, history };
    },
  };
}

/** Restarts a replica at its address, with other settings, and waits until it is ready. */
export async function restart(
  { system }: TestSystem,
  name: string,
  index: number,
  changes: Environment = {},
): Promise<void> {
  const set = system.services.get(name);
  const url = set?.urls[index];
  if (set === undefined || url === undefined) throw new Error(`there is no ${name} ${index}`);
  await set.running[index]?.close();
  const release = await holdPorts([url]);
  set.running[index] = await system.startExtraReplica(name, {
    ...changes,
    PORT: new URL(url).port,
  });
  release();
  await eventually(`${name} to be ready`, async () => (await fetch(`${url}/readyz`)).ok);
}
