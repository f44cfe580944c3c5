import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaint, ready, temporaryHome } from '../test/start.ts';
import { call, eventually, orderOf, PASSWORD, rub } from '../test/system.ts';

test('npm start serves the main job; stopping and starting again keeps everything', async (t) => {
  const { start: startHere } = await temporaryHome(t);
  const first = startHere();
  const url = await ready(first);
  assert.match(first.printed(), /Operator {3,}operator@localhost\.localdomain {2}\S{20,}/);
  const account = { email: 'anna@example.com', password: PASSWORD };
  await call(url, 'POST', '/v1/registrations', { body: { ...account, name: 'Анна' } });
  const token = (await call(url, 'POST', '/v1/sessions', { body: account })).body.accessToken;
  const headers = { authorization: `Bearer ${token}` };
  await call(url, 'POST', '/v1/wallet/top-ups', { headers, body: { amount: rub(500) } });
  const order = await call(url, 'POST', '/v1/orders', { headers, body: orderOf(200) });
  assert.equal(order.status, 201);
  first.child.kill('SIGTERM');
  assert.equal(await first.exited, 0);

  const second = startHere();
  const again = await ready(second);
  assert.doesNotMatch(second.printed(), /Operator {3,}\S+ {2}\S{20,} {2}\(kept/);
  // The token too: its key was kept.
  const orders = await call(again, 'GET', '/v1/orders', { headers });
  assert.deepEqual(orders.body.data, [order.body]);
  assert.deepEqual((await call(again, 'GET', '/v1/wallet', { headers })).body.balance, rub(300));
  await eventually('the letter, also when the first run was stopped before it left', async () => {
    const { body } = await call(again, 'GET', '/v1/letters', { headers });
    return body.data[0]?.state === 'sent';
  });
  const mails = await call(again, 'GET', '/mailbox/messages');
  assert.equal(mails.body.data.length, 1);

  const third = startHere();
  assert.equal(await third.exited, 1);
  assert.match(complaint(third), /^another Orderbell is running on .*$/);
  assert.equal((await call(again, 'GET', '/readyz')).status, 200);
  second.child.kill('SIGINT');
  assert.equal(await second.exited, 0);
});

test('a taken port gives one clear line', async (t) => {
  const first = (await temporaryHome(t)).start();
  const { port } = new URL(await ready(first));
  const second = (await temporaryHome(t)).start(port);
  assert.equal(await second.exited, 1);
  assert.match(complaint(second), new RegExp(`^Orderbell cannot start: port ${port} .*$`));
});

test('a wrong setting stops the start and is named', async (t) => {
  const started = (await temporaryHome(t)).start('eighty');
  assert.equal(await started.exited, 1);
  assert.match(complaint(started), /PORT must be a whole number/);
  const loud = (await temporaryHome(t)).start('0', { LOG_LEVEL: 'loud' });
  assert.equal(await loud.exited, 1);
  assert.match(complaint(loud), /^npm start cannot start:\n {2}LOG_LEVEL must match /);
});

test('settings left empty, as the example file has them, say nothing', async (t) => {
  const empty = {
    SMTP_URL: '',
    ORDERS_DATABASE_URL: '',
    SERVICE_PUBLIC_KEYS: '',
    HOST: 'elsewhere',
  };
  const started = (await temporaryHome(t)).start('0', empty);
  const url = new URL(await ready(started));
  assert.equal(url.hostname, '127.0.0.1');
  assert.match(started.printed(), /Mailbox {4}http/);
});
