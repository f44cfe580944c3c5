import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '#dev/files/free-port.ts';
import { settleAll } from '#dev/system/replica-set.ts';
import { startServiceProcess } from '#dev/system/service-process.ts';
import { eventually } from '#harness/eventually.ts';
import { newHistory, orderAnswer } from '#harness/oracle/history.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { call } from '#harness/requests.ts';
import { orderOf, startTestSystem, type TestSystem } from '#harness/system/system.ts';
import { findTool, skipWithout } from '#harness/system/tools.ts';

const ORDERS_PER_SECOND = 20;
const CUSTOMERS = 10;
const REPLICAS = 2;
const CALLEES = ['profiles', 'billing', 'orders', 'identity', 'notifications'];
// HAProxy notices a stopping gateway within half a second. The rest is for a busy machine.
const GATEWAY_STOP_DELAY_MS = 4_000;
// The delay, the 10 s that a stop takes at most, and time for a busy machine to signal.
const STOP_TIMEOUT_MS = GATEWAY_STOP_DELAY_MS + 30_000;

/** HAProxy in front of gateways. It repeats no request, neither there nor at another one. */
async function startHaproxy(t: TestContext, gateways: string[], onLine: (line: string) => void) {
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
async function startOrders(system: TestSystem, url: string, begin: number) {
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
    const key = `rolling-restart-${number}`;
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
      const dueMs = start + ((number + 1) * 1_000) / ORDERS_PER_SECOND - performance.now();
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

/** Restarts a replica at its address, and waits until it is ready. */
async function restart({ system }: TestSystem, name: string, index: number): Promise<void> {
  const set = system.services.get(name);
  const url = set?.urls[index];
  if (set === undefined || url === undefined) throw new Error(`there is no ${name} ${index}`);
  await set.running[index]?.close();
  set.running[index] = await system.startExtraReplica(name, { PORT: new URL(url).port });
  await eventually(`${name} to be ready`, async () => (await fetch(`${url}/readyz`)).ok);
}

test('a rolling restart behind a balancer without retries fails no order', {
  skip: skipWithout('haproxy'),
}, async (t) => {
  const begin = performance.now();
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(`${Math.round(performance.now() - begin)} ms ${line}`);
  };
  const system = await startTestSystem(
    t,
    // So that no answer depends on how busy the machine is.
    {
      ORDER_DEADLINE_MS: '60000',
      RECOVERY_AGE_MS: '600000',
      ORDERS_IN_FLIGHT_MAX: '10000',
      LOG_REQUESTS: 'false',
    },
    {
      replicasOf: () => REPLICAS,
      startService(name, env) {
        // The other services need none: their callers repeat a call on another replica.
        const delayMs = name === 'gateway' ? GATEWAY_STOP_DELAY_MS : 0;
        return startServiceProcess(
          name,
          { ...env, STOP_DELAY_MS: String(delayMs) },
          { stopTimeoutMs: STOP_TIMEOUT_MS, onLine },
        );
      },
    },
  );
  const haproxy = await startHaproxy(t, system.urlsOf('gateway'), onLine);
  await haproxy.allUp();
  const orders = await startOrders(system, haproxy.url, begin);
  for (let index = 0; index < REPLICAS; index++) {
    // The gateway together with the others: most of its restart is the delay.
    const others = async () => {
      for (const name of CALLEES) await restart(system, name, index);
    };
    await settleAll([restart(system, 'gateway', index), others()]);
    await haproxy.allUp();
    t.diagnostic(`replica ${index} of each service restarted after ${orders.count()} orders`);
  }
  const { failed, history } = await orders.stop();
  t.diagnostic(`${history.orders.length} orders`);
  if (failed.length > 0) console.error(lines.join('\n'));
  assert.deepEqual(failed, []);
  await assertReconciled(system, history);
});
