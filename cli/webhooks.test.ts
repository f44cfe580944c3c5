import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { type Cli, temporaryCli } from '#harness/system/cli.ts';
import { orderOf, startTestSystem } from '#harness/system/system.ts';
import { startWebhookReceiver, verifyWebhook } from '#harness/system/webhook-receiver.ts';

// An operator connects a real receiver from the command line.

const words = ['operator', 'webhooks'];

async function done(cli: Cli, ...given: string[]): Promise<string> {
  const { code, stderr, stdout } = await cli.run(...words, ...given);
  assert.deepEqual([code, stderr.replace('Ответа пока нет, повторяю.\n', '')], [0, '']);
  return stdout.replaceAll('\u00a0', ' ');
}

const json = async (cli: Cli, ...given: string[]) =>
  JSON.parse(await done(cli, ...given, '--json'));

test('an operator adds, tests, rotates, replays and removes from the command line', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const system = await startTestSystem(t);
  const cli = await temporaryCli(t, system.url);
  const signedOut = await cli.run(...words, 'list');
  assert.equal(signedOut.code, 6);
  assert.match(signedOut.stderr, /orderbell -- login --operator/);
  const password = system.secrets.operatorPassword;
  assert.equal((await cli.run('login', '--operator', '--password', password)).code, 0);
  assert.equal(await done(cli, 'list'), 'Ничего не найдено.\n');

  const added = await json(cli, 'add', receiver.url, '--description', 'Магазин');
  const { id, secret } = added;
  assert.deepEqual(added.statuses, ['Paid', 'Cancelled']);
  assert.match(
    await done(cli, 'list'),
    new RegExp(`^включён +Магазин +http.* Cancelled +${id}$`, 'm'),
  );
  const shown = await done(cli, 'show', id);
  assert.match(shown, /^Состояние +включён$/m);
  assert.ok(!shown.includes('whsec_'));
  const changed = await json(cli, 'change', id, '--description', 'Склад', '--status', 'Paid');
  assert.deepEqual(
    [changed.description, changed.statuses, changed.url],
    ['Склад', ['Paid'], receiver.url],
  );
  const wrong = await cli.run(...words, 'change', id, '--address', 'shop');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^ {2}\/url: нужен публичный адрес/m);

  await t.test('a test and a delivery say what the receiver answered', async () => {
    assert.equal(await done(cli, 'test', id), 'Получен: получатель ответил 204.\n');
    receiver.answer({ status: 500 });
    const failed = await cli.run(...words, 'test', id);
    assert.deepEqual([failed.code, failed.stderr], [1, '']);
    assert.match(failed.stdout, /^Не принят: получатель ответил 500\.\nСледующая попытка: .+\.\n$/);
    const queued = await json(cli, 'deliveries', '--state', 'queued', '--endpoint', id);
    const [{ id: delivery }] = queued.data;
    assert.match(
      await done(cli, 'deliveries'),
      new RegExp(` в очереди +webhook\\.test .* ${delivery}`),
    );
    assert.match(await done(cli, 'delivery', delivery), /^ +1 .* 500$/m);
    receiver.answer({ status: 204 });
    assert.match(await done(cli, 'redeliver', delivery), /^Получен: /);
    assert.equal((await json(cli, 'delivery', delivery)).state, 'delivered');
    const [{ body, headers }] = receiver.received as [(typeof receiver.received)[0]];
    assert.partialDeepStrictEqual(JSON.parse(body), { type: 'webhook.test' });
    assert.ok(headers['webhook-signature']);
  });

  await t.test('a replay follows all parts, and deliveries are found by their order', async () => {
    const anna = await system.customer({ topUp: 1_000 });
    const { body: order } = await anna.call('POST', '/v1/orders', orderOf(100));
    await eventually('the delivery', async () => {
      const { data } = await json(cli, 'deliveries', '--order', order.id);
      return data[0]?.state === 'delivered';
    });
    const ofOrder = () =>
      receiver.received.filter((webhook) => webhook.body.includes(order.id)).length;
    const before = ofOrder();
    const late = await done(cli, 'replay', id, '--since', '2000-01-01');
    assert.match(late, /^В очереди на отправку: 1\.\nБолее ранних событий уже нет\. .*\.\n$/);
    await eventually('the order again', async () => ofOrder() > before);
  });

  await t.test('a new secret is shown, and the former one signs too', async () => {
    const rotated = await done(cli, 'rotate', id);
    const [, fresh = ''] = /^Секрет +(whsec_\S+)$/m.exec(rotated) ?? [];
    assert.match(rotated, /больше он не будет показан/);
    assert.match(rotated, /^Прежний секрет до +\S/m);
    const sent = await json(cli, 'test', id);
    const webhook = receiver.received.find((each) => each.id === sent.eventId);
    assert.ok(webhook !== undefined);
    for (const each of [secret, fresh]) verifyWebhook(webhook, each);
  });

  await t.test('a disabled endpoint gets nothing, and a removal is asked for', async () => {
    assert.match(await done(cli, 'disable', id), /отключён оператором/);
    const refused = await cli.run(...words, 'test', id);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^Получатель отключён/);
    assert.equal((await json(cli, 'enable', id)).state, 'enabled');
    const unasked = await cli.run(...words, 'remove', id);
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /Удалить получателя «Склад» \(http.*--yes\.$/ms);
    const declined = await cli.runWith({ input: 'нет\n' }, ...words, 'remove', id);
    assert.equal(declined.code, 1);
    assert.match(await done(cli, 'remove', id, '--yes'), /^Получатель удалён\.$/m);
    assert.equal((await cli.run(...words, 'show', id)).code, 1);
  });
});

/** A server in place of the gateway; null ends the connection. */
async function startStranger(
  t: TestContext,
  answer: (count: number) => { status: number; body: object } | null,
) {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const count = requests.push(await text(request));
    const given = answer(count);
    if (given === null) return request.socket.destroy();
    const type = given.status < 400 ? 'application/json' : 'application/problem+json';
    response.writeHead(given.status, { 'content-type': type }).end(JSON.stringify(given.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const cli = await temporaryCli(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const env = { ORDERBELL_TOKEN: 'secret' };
  const run = (...given: string[]) => cli.runWith({ env }, ...words, ...given);
  return { run, requests };
}

const problem = (status: number, code: string) => ({
  status,
  body: { type: `/problems/${code}`, title: 'Отказ', detail: 'Отказ.', status, code, traceId: 'x' },
});

test('an installation without webhooks says which setting is absent', async (t) => {
  const { run } = await startStranger(t, () => problem(404, 'not-found'));
  for (const given of [['list'], ['deliveries'], ['add', 'https://a.b', '--description', 'A']]) {
    const { code, stderr } = await run(...given);
    assert.equal(code, 1);
    assert.match(stderr, /не задана настройка WEBHOOKS_URL/);
  }
});

test('a write whose answer is lost says what to do, and is not sent twice', async (t) => {
  const { run, requests } = await startStranger(t, () => null);
  for (const [given, says] of [
    [['add', 'https://a.b', '--description', 'A'], /добавлен ли[\s\S]*webhooks list[\s\S]*rotate/],
    [['rotate', randomUUID()], /прежний продолжит подписывать/],
    [['test', randomUUID()], /узнаёт повтор по webhook-id/],
  ] as const) {
    requests.length = 0;
    const { code, stderr } = await run(...given);
    assert.equal(code, 5);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /дважды ничего не выполнится/);
    assert.equal(requests.length, 1);
  }
});

test('a replay of many events follows their parts, or names the command for the rest', async (t) => {
  const moments = ['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z'];
  const part = (count: number) => {
    const next = moments[count - 1] ?? null;
    return { status: 200, body: { queued: 5_000, since: '2026-02-01T00:00:00.000Z', next } };
  };
  const id = randomUUID();
  const whole = await startStranger(t, part);
  const replay = ['replay', id, '--since', '2026-02-01T00:00:00Z'];
  const { code, stdout } = await whole.run(...replay);
  assert.deepEqual([code, stdout], [0, 'В очереди на отправку: 15000.\n']);
  const asked = whole.requests.map((body) => JSON.parse(body).since);
  assert.deepEqual(asked, ['2026-02-01T00:00:00.000Z', ...moments]);
  const broken = await startStranger(t, (count) =>
    count < 3 ? part(count) : problem(409, 'webhook-endpoint-disabled'),
  );
  const stopped = await broken.run(...replay);
  assert.equal(stopped.code, 1);
  assert.ok(stopped.stderr.includes(`webhooks replay ${id} --since ${moments[1]}`), stopped.stderr);
});
