import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTestDatabaseUrl } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { answeredWith, call } from '#harness/requests.ts';
import { healthOf } from '#harness/system/processes.ts';
import { complaint, ready, serverPid, temporaryHome } from '#harness/system/start.ts';
import { orderOf, PASSWORD, rub } from '#harness/system/system.ts';
import { freePort } from './files/free-port.ts';
import { DATABASES, databaseSetting } from './system/databases.ts';

test('npm start serves the main job; stopping and starting again keeps everything', async (t) => {
  const { home, start: startHere } = await temporaryHome(t);
  const port = String(await freePort());
  const first = startHere(port);
  const url = await ready(first);
  assert.match(first.printed(), /Operator {3,}operator@localhost\.localdomain {2}\S{20,}/);
  const account = { email: 'anna@example.com', password: PASSWORD };
  await call(url, 'POST', '/v1/registrations', { body: { ...account, name: 'Анна' } });
  const token = (await call(url, 'POST', '/v1/sessions', { body: account })).body.accessToken;
  const headers = { authorization: `Bearer ${token}` };
  await call(url, 'POST', '/v1/wallet/top-ups', { headers, body: { amount: rub(500) } });
  const placing = { headers: { ...headers, 'idempotency-key': 'key' }, body: orderOf(200) };
  const order = await answeredWith(201, () => call(url, 'POST', '/v1/orders', placing));
  const running = join(home, 'running.json');
  assert.deepEqual(JSON.parse(await readFile(running, 'utf8')), { url, pid: first.child.pid });
  first.child.kill('SIGTERM');
  assert.equal(await first.exited, 0);
  assert.equal(existsSync(running), false);

  // A start replaces the file that a kill left, and calls this machine without the proxy.
  await writeFile(running, '{"url":"http://127.0.0.1:1","pid":1}');
  const proxy = 'http://127.0.0.1:1';
  const second = startHere(port, { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, http_proxy: proxy });
  const again = await ready(second);
  assert.equal(JSON.parse(await readFile(running, 'utf8')).url, again);
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
  // The browser is signed in there: another host name would be another session.
  const mail = await call(again, 'GET', `/mailbox/messages/${mails.body.data[0].id}`);
  assert.ok(mail.body.text.includes(`${url}/orders/${order.body.id}`), mail.body.text);

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

test('wrong settings stop the start and are named, those of all services at once', async (t) => {
  const { home, start } = await temporaryHome(t);
  const one = start('eighty');
  assert.equal(await one.exited, 1);
  assert.match(
    complaint(one),
    /^npm start cannot start:\n {2}PORT must be a whole number \(gateway\)$/,
  );

  const all = start('0', {
    LOG_LEVEL: 'loud',
    CURRENCY: 'roubles',
    TOPIC_PARTITIONS: '0',
    SMTP_URL: 'mail.example.com',
    TOKEN_LIFETIME_S: 'an hour',
    LISTEN_ADDRESS: '*',
    IDENTITY_DATABASE_URL: 'mysql://localhost/identity',
  });
  assert.equal(await all.exited, 1);
  const [title, ...lines] = complaint(all).split('\n');
  assert.equal(title, 'npm start cannot start:');
  const named = [
    /^ {2}LOG_LEVEL must /,
    /^ {2}TOKEN_LIFETIME_S must .*\(identity\)$/,
    /^ {2}IDENTITY_DATABASE_URL must .*\(identity\)$/,
    /^ {2}CURRENCY must .*\(orders, billing, gateway\)$/,
    /^ {2}TOPIC_PARTITIONS must .*\(orders, webhooks, notifications\)$/,
    /^ {2}SMTP_URL must .*\(notifications\)$/,
    /^ {2}LISTEN_ADDRESS must .*\(gateway\)$/,
  ];
  for (const pattern of named)
    assert.ok(
      lines.some((line) => pattern.test(line)),
      String(pattern),
    );
  assert.equal(lines.length, named.length, complaint(all));
  assert.equal(serverPid(home), undefined);
});

test('with databases of its own, also by files, it starts no server', async (t) => {
  const { home, start } = await temporaryHome(t);
  const port = await freePort();
  const env: Record<string, string> = { PROFILES_PORT: String(port) };
  for (const name of DATABASES) {
    const url = await createTestDatabaseUrl(t);
    if (name === 'orders') await writeFile(join(home, 'url'), `${url}\n`);
    else env[databaseSetting(name)] = url;
  }
  env.ORDERS_DATABASE_URL_FILE = join(home, 'url');
  const started = start('0', env);
  await ready(started);
  assert.equal(await healthOf(`http://127.0.0.1:${port}`, '/readyz'), 200);
  assert.equal(existsSync(join(home, 'postgres')), false);
  // Before the databases go.
  started.child.kill('SIGTERM');
  assert.equal(await started.exited, 0, started.printed());
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
