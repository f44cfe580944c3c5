import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startServiceProcess } from '#dev/system/service-process.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { call } from '#harness/requests.ts';
import { PASSWORD, startTestSystem, type TestSystem } from '#harness/system/system.ts';
import { RENEWAL_MS } from '#platform/config/renewed-settings.ts';
import { startHaproxy, startOrders } from './order-traffic.ts';

// Replicas behind HAProxy with customers at work, while what they prove themselves by is replaced.

export const REPLICAS = 2;
export const CALLEES = ['profiles', 'billing', 'orders', 'identity', 'notifications'];
// Few: the restarts take the processors.
const ORDERS_PER_SECOND = 5;
const GATEWAY_STOP_DELAY_MS = 4_000;
const STOP_TIMEOUT_MS = GATEWAY_STOP_DELAY_MS + 12_000;

// Processes look at their certificates five times a second, not once a minute.
const OFTEN = `data:text/javascript,${encodeURIComponent(`
  const { setInterval: original } = globalThis;
  globalThis.setInterval = (work, ms, ...rest) =>
    original(work, ms === ${RENEWAL_MS} ? 200 : ms, ...rest);`)}`;

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-rotation-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Signs a customer in twice a second. @returns ends it, with the answers that failed */
async function startSignIns(system: TestSystem, url: string) {
  const { email } = await system.customer();
  const failed: string[] = [];
  let running = true;
  const done = (async () => {
    while (running) {
      const body = { email, password: PASSWORD };
      const answer = await call(url, 'POST', '/v1/sessions', { body }).catch(String);
      if (typeof answer === 'string') failed.push(answer);
      else if (answer.status !== 200) failed.push(JSON.stringify(answer.body));
      await pause(500);
    }
  })();
  return async () => {
    running = false;
    await done;
    return failed;
  };
}

/**
 * Two replicas of each service, with customers who order and sign in.
 * @param restarts whether gateways restart, so that HAProxy has to choose the other one
 */
export async function openTraffic(
  t: TestContext,
  settings: Record<string, string>,
  restarts: boolean,
) {
  const begin = performance.now();
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(`${Math.round(performance.now() - begin)} ms ${line}`);
  };
  const system = await startTestSystem(
    t,
    {
      ...settings,
      // So that no answer depends on how busy the machine is.
      ORDER_DEADLINE_MS: '60000',
      RECOVERY_AGE_MS: '600000',
      ORDERS_IN_FLIGHT_MAX: '10000',
      LOG_REQUESTS: 'false',
    },
    {
      replicasOf: () => REPLICAS,
      startService(name, env) {
        const delayMs = name === 'gateway' ? GATEWAY_STOP_DELAY_MS : 0;
        return startServiceProcess(
          name,
          { ...env, STOP_DELAY_MS: String(delayMs) },
          { stopTimeoutMs: STOP_TIMEOUT_MS, onLine, imports: [OFTEN] },
        );
      },
    },
  );
  const haproxy = restarts
    ? await startHaproxy(t, system.urlsOf('gateway'), onLine)
    : { url: system.url, allUp: async () => {} };
  await haproxy.allUp();
  const orders = await startOrders(system, haproxy.url, begin, ORDERS_PER_SECOND);
  const endSignIns = await startSignIns(system, haproxy.url);
  return {
    system,
    haproxy,
    lines,
    say: (what: string) => t.diagnostic(`${what} after ${orders.count()} orders`),
    async end(): Promise<void> {
      const { failed, history } = await orders.stop();
      const faults = [...failed, ...(await endSignIns())];
      if (faults.length > 0) console.error(lines.join('\n'));
      assert.deepEqual(faults, []);
      await assertReconciled(system, history);
    },
  };
}
