import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { eventually } from '#harness/eventually.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { call } from '#harness/requests.ts';
import { publicKeysOf, startServiceProcess } from '#harness/system/processes.ts';
import { orderOf, startTestSystem, stop } from '#harness/system/system.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { GatewayConfig, startGateway } from '#services/gateway/service.ts';

test('a hanging replica fails only its own calls; it is used again when it resumes', async (t) => {
  const system = await startTestSystem(t);
  const replica = startServiceProcess(t, 'orders', {
    ORDERS_DATABASE_URL: system.databaseUrl('orders'),
    ...system.broker.settings,
    SERVICE_PUBLIC_KEYS: await publicKeysOf(system.secrets),
  });
  const urlOf = (name: string) => system.urlsOf(name).join();
  const lines: string[] = [];
  const gateway = await startGateway(
    loadConfig('gateway', GatewayConfig, {
      ORDERS_URL: `${urlOf('orders')},${await replica.listening()}`,
      BILLING_URL: urlOf('billing'),
      PROFILES_URL: urlOf('profiles'),
      NOTIFICATIONS_URL: urlOf('notifications'),
      IDENTITY_URL: urlOf('identity'),
      PORT: '0',
      GATEWAY_PRIVATE_KEY: system.secrets.gatewayKey,
      // So that no answer depends on how busy the machine is.
      ORDER_DEADLINE_MS: '60000',
      RECOVERY_AGE_MS: '600000',
    }),
    pino({ level: 'debug' }, { write: (line: string) => lines.push(line) }),
  );
  t.after(() => gateway.close());
  const anna = await system.customer({ topUp: 10_000 });
  const headers = { authorization: `Bearer ${anna.token}` };
  const place = (count: number) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const answer = await call(gateway.url, 'POST', '/v1/orders', {
          headers,
          body: orderOf(100),
        });
        assert.equal(answer.status, 201, JSON.stringify(answer.body));
      }),
    );
  /** Failed attempts so far. */
  const vain = () => lines.filter((line) => line.includes('"operation"')).length;
  const said = (what: string) =>
    eventually(what, async () => lines.some((line) => line.includes(what)));

  await place(4);
  assert.equal(vain(), 0);
  replica.child.kill('SIGSTOP');
  await place(10);
  await said('replica left out');
  const before = vain();
  assert.ok(before > 0);
  t.diagnostic(`${before} of 10 orders at once met the replica that hangs`);
  for (let round = 0; round < 3; round++) await place(10);
  assert.equal(vain(), before);

  replica.child.kill('SIGCONT');
  await said('replica is back');
  // It is the only one now.
  const bringBack = await stop(system, 'orders');
  await place(10);
  await bringBack();
  await assertReconciled(system);
});
