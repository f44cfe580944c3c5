import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settleAll } from '#dev/system/replica-set.ts';
import { startServiceProcess } from '#dev/system/service-process.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { startTestSystem } from '#harness/system/system.ts';
import { skipWithout } from '#harness/system/tools.ts';
import { restart, startHaproxy, startOrders } from './order-traffic.ts';

const REPLICAS = 2;
const CALLEES = ['profiles', 'billing', 'orders', 'identity', 'notifications', 'webhooks'];
// HAProxy notices a stopping gateway within half a second. The rest is for a busy machine.
const GATEWAY_STOP_DELAY_MS = 4_000;
// The delay, the 10 s that a stop takes at most, and time for a busy machine to signal.
const STOP_TIMEOUT_MS = GATEWAY_STOP_DELAY_MS + 30_000;

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
