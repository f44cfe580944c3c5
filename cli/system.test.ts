import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { type Cli, temporaryCli } from '#harness/system/cli.ts';
import { PASSWORD, startTestSystem, stop, type TestSystem } from '#harness/system/system.ts';
import type { Session } from './client/sessions.ts';

/** A registered customer at the command line. */
async function signedIn(t: TestContext, url: string, topUp?: string): Promise<Cli> {
  const cli = await temporaryCli(t, url);
  const email = `${crypto.randomUUID()}@example.com`;
  await done(cli, 'register', email, '--name', 'Анна', '--password', PASSWORD);
  if (topUp !== undefined) await done(cli, 'top-up', topUp);
  return cli;
}

/** Standard output of a call that exits with 0 and says nothing else; spaces are plain. */
async function done(cli: Cli, ...words: string[]): Promise<string> {
  const { code, stderr, stdout } = await cli.run(...words);
  // A busy machine may answer late.
  const said = stderr.replace('Ответа пока нет, повторяю.\n', '');
  assert.deepEqual([code, said], [0, ''], words.join(' '));
  return stdout.replaceAll('\u00a0', ' ');
}

/** The stored session of a customer. */
async function readSession(cli: Cli): Promise<Session | undefined> {
  const text = await readFile(join(cli.config, 'orderbell', 'sessions.json'), 'utf8');
  const [one] = Object.values(JSON.parse(text) as Record<string, { customer?: Session }>);
  return one?.customer;
}

async function json(cli: Cli, ...words: string[]) {
  return JSON.parse(await done(cli, ...words, '--json'));
}

async function operatorSignedIn(cli: Cli, { secrets }: TestSystem): Promise<void> {
  const password = secrets.operatorPassword;
  await done(cli, 'login', '--operator', '--password', password);
}

const letterSent = (cli: Cli, orderId: string) =>
  eventually('the letter', async () => {
    const { data } = await json(cli, 'letters');
    const sent = data.find((each: { orderId: string; state: string }) => each.orderId === orderId);
    return sent?.state === 'sent' && sent;
  });

test('the course scenario from the command line, and --json prints the answer unchanged', async (t) => {
  const system = await startTestSystem(t);
  const cli = await signedIn(t, system.url);
  assert.match(await done(cli, 'wallet'), /^Баланс {2}0,00 ₽$/m);
  assert.match(
    await done(cli, 'top-up', '1000'),
    /^Пополнено на 1 000,00 ₽\. Баланс: 1 000,00 ₽\./,
  );

  const paid = await json(cli, 'order', 'Книга:2@300', '--key', 'monday');
  assert.deepEqual([paid.status, paid.statusLabel, paid.total.amount], ['Paid', 'Оплачен', 60_000]);
  // The same key: the same order.
  assert.deepEqual(await json(cli, 'order', 'Книга:2@300', '--key', 'monday'), paid);

  const refused = await cli.run('order', 'Книга:2@300', 'Чай@0.55');
  assert.deepEqual([refused.code, refused.stdout], [3, '']);
  assert.match(refused.stderr, /^Недостаточно средств/);
  assert.match(refused.stderr.replaceAll('\u00a0', ' '), /не хватает 200,55 ₽/);
  assert.match(
    refused.stderr,
    /orderbell -- top-up 200\.55 && npm run orderbell -- order 'Книга:2@300' 'Чай@0\.55'$/m,
  );
  const problem = await cli.run('order', 'Книга@5000', '--json', '--lang', 'en');
  assert.equal(problem.code, 3);
  const { code, order, shortfall, title, type } = problem.json();
  assert.deepEqual(
    [code, order.status, shortfall.amount, title, type],
    ['insufficient-funds', 'Cancelled', 460_000, 'Insufficient funds', `/problems/${code}`],
  );

  const { operations, wallet } = await json(cli, 'wallet');
  assert.equal(wallet.balance.amount, 40_000);
  assert.deepEqual(
    operations.data.map(({ type }: { type: string }) => type),
    ['charge', 'top_up'],
  );
  const page = await json(cli, 'orders', '--limit', '2');
  assert.deepEqual([page.data.length, typeof page.nextCursor], [2, 'string']);
  const pages = await json(cli, 'orders', '--limit', '2', '--all');
  assert.deepEqual(
    pages.map(({ data }: { data: unknown[] }) => data.length),
    [2, 1],
  );
  assert.match(
    await done(cli, 'orders', '--status', 'Paid'),
    /^Оформлен +Статус .*\n\d{4}-\d\d-\d\d \S+ {2}Оплачен .*Книга × 2 .*\n$/,
  );
  assert.match(await done(cli, 'show', paid.id), /Статус +Оплачен/);

  const letter = await letterSent(cli, paid.id);
  assert.deepEqual(await json(cli, 'letter', letter.id), letter);
  const text = await done(cli, 'letter', letter.id);
  assert.match(
    text,
    /\nТема +Письмо счастья[\s\S]*Здравствуйте, Анна[\s\S]*Попытка +Начало.*\n +1 .* 250 /,
  );
  const journey = await done(cli, 'journey', paid.id, '--watch');
  assert.match(journey, / \+\d+ .* {2}решение об оплате +gateway → billing +успешно/);
  assert.match(journey, /smtp → notifications .* 250 2\.0\.0/);
  assert.match(journey, /Событие +топик orders, партиция \d+, офсет \d+/);
  // Not on a terminal: nothing steers one.
  assert.ok(!journey.includes('\u001b'));
  const kept = await json(cli, 'journey', paid.id, '--watch');
  assert.deepEqual([kept.complete, kept.order.id, kept.letter.id], [true, paid.id, letter.id]);
  // Without an id: the latest order.
  assert.equal((await json(cli, 'journey')).order.id, order.id);

  assert.match(await done(cli, 'profile', '--email', 'anna@example.org'), /anna@example\.org/);
  assert.equal((await json(cli, 'whoami')).email, 'anna@example.org');
  await done(cli, 'logout');
  assert.equal((await cli.run('wallet')).code, 6);
});

test('the own data are kept in a new file, and erased by the customer or the operator', async (t) => {
  const system = await startTestSystem(t, { RECOVERY_INTERVAL_MS: '100' });
  const cli = await signedIn(t, system.url, '100');
  const { customerId, email } = await json(cli, 'profile');
  const file = join(cli.config, 'copy.json');
  assert.match(await done(cli, 'account', 'export', file), /^Данные сохранены в .*copy\.json\.$/m);
  const copy = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual([copy.profile.email, copy.complete], [email, true]);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const coloured = join(cli.config, '\u001b[31m\u202ecopy.json');
  const saved = await done(cli, 'account', 'export', coloured);
  assert.match(saved, /\\u001b\[31m\\u202ecopy\.json\.$/m);
  const again = await cli.run('account', 'export', file);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /уже есть/);
  const declined = await cli.runWith(
    { input: 'нет\n' },
    'account',
    'erase',
    '--password',
    PASSWORD,
  );
  assert.equal(declined.code, 1);
  assert.match(declined.stderr, /Остаток в кошельке/);

  await operatorSignedIn(cli, system);
  const byOperator = join(cli.config, 'by-operator.json');
  await done(cli, 'operator', 'export', email, byOperator);
  assert.equal(JSON.parse(await readFile(byOperator, 'utf8')).profile.email, email);
  await done(cli, 'account', 'erase', '--password', PASSWORD, '--yes');
  assert.equal((await cli.run('wallet')).code, 6);
  assert.ok(
    !(await readFile(join(cli.config, 'orderbell', 'sessions.json'), 'utf8')).includes(email),
  );
  await eventually('the erasure', async () => {
    return (await done(cli, 'operator', 'erasure', customerId)) === 'Данные удалены.\n';
  });
  const other = await system.customer();
  const words = ['operator', 'erase', other.customerId, '--reason', 'по письму', '--yes'];
  assert.match(await done(cli, ...words), /Данные клиента \S+ удаляются/);
});

test('the operator sees, repairs and reconciles; differences exit with 1', async (t) => {
  const system = await startTestSystem(t);
  const cli = await signedIn(t, system.url, '1000');
  const { id } = await json(cli, 'order', 'Чай@5');
  const letter = await letterSent(cli, id);
  const asCustomer = await cli.runWith(
    { env: { ORDERBELL_TOKEN: (await system.customer()).token } },
    ...['operator', 'verify'],
  );
  assert.equal(asCustomer.code, 1);
  await operatorSignedIn(cli, system);

  assert.match(await done(cli, 'operator', 'overview'), /Последние заказы +1: оплачено 1/);
  assert.equal((await json(cli, 'operator', 'overview')).orders.latest.paid, 1);
  assert.equal(await done(cli, 'operator', 'pending'), 'Ничего не найдено.\n');
  assert.match(await done(cli, 'operator', 'letters', '--state', 'sent'), /\*\*\*@example\.com/);
  assert.equal((await json(cli, 'operator', 'letter', letter.id)).id, letter.id);
  assert.match(await done(cli, 'operator', 'preview', letter.id), /Тема +Письмо счастья/);
  const resent = await cli.run('operator', 'resend', letter.id);
  assert.equal(resent.code, 1);
  assert.match(resent.stderr, /^Письмо отправлено\./);
  await queryRows(
    system.databaseUrl('notifications'),
    `update letters set state = 'failed', failure = '550 5.7.1 blocked', due_at = now()`,
  );
  const byReason = ['operator', 'resend', '--since', '2026-01-01', '--reason', '5.7.1'];
  assert.equal(await done(cli, ...byReason, '--dry-run'), 'Подходит писем: 1.\n');
  assert.deepEqual(await json(cli, ...byReason, '--kind', 'grief'), [
    { matched: 0, resent: 0, nextCursor: null },
  ]);
  assert.equal(await done(cli, ...byReason), 'Снова в очереди: 1.\n');
  assert.equal(await done(cli, 'operator', 'resend', '--all'), 'Снова в очереди: 0.\n');
  for (const words of [[], [letter.id, '--all'], [letter.id, '--dry-run'], ['--since', 'soon']]) {
    assert.equal((await cli.run('operator', 'resend', ...words)).code, 2, words.join(' '));
  }
  assert.match(await done(cli, 'operator', 'journey', id), /решение об оплате/);
  const { customerId } = await json(cli, 'profile');
  const small = ['operator', 'top-up', customerId, '0.01', '--yes'];
  assert.match(await done(cli, ...small), /Баланс: 995,01 ₽/);
  const mine = ['operator', 'audit', '--subject', customerId];
  assert.match(await done(cli, ...mine), /top-up .*balance: 995,00\s₽ → 995,01\s₽/);
  const [entry] = (await json(cli, ...mine, '--action', 'top-up')).data;
  assert.deepEqual([entry.service, entry.subject.customerId], ['billing', customerId]);
  assert.equal((await json(cli, ...mine, '--all')).length, 1);
  assert.equal(await done(cli, ...mine, '--actor', 'nobody'), 'Ничего не найдено.\n');
  assert.equal((await cli.run('operator', 'audit', '--limit', '0')).code, 2);

  await system.broker.publish({ key: 'k', value: Buffer.from('{}'), headers: {} });
  const dead = await eventually('the dead letter', async () => {
    const { data } = await json(cli, 'operator', 'dead-letters', '--state', 'dead');
    return data[0];
  });
  for (const words of [[dead.id], ['--all']]) {
    const redriven = await cli.run('operator', 'redrive', ...words);
    assert.equal(redriven.code, 1, redriven.stderr);
    assert.match(
      redriven.stdout,
      /Снова не удалось обработать: header ce_type|Снова с ошибкой: 1\. Осталось: 1\./,
    );
  }

  assert.match(await done(cli, 'operator', 'verify'), /^Расхождений нет\.\nПроверено +заказов 1,/);
  const [report, ...more] = await json(cli, 'operator', 'verify');
  assert.deepEqual([report.ok, more], [true, []]);
  await queryRows(system.databaseUrl('billing'), 'update wallets set balance = balance + 1');
  const differing = await cli.run('operator', 'verify');
  assert.equal(differing.code, 1);
  assert.match(
    differing.stdout,
    /Найдено расхождений: 1\.[\s\S]*balance-operations[\s\S]*Разобраться вручную/,
  );
});

test('a repair is shown, needs a reason, is done and listed', async (t) => {
  const system = await startTestSystem(t);
  const cli = await signedIn(t, system.url, '1000');
  const { id } = await json(cli, 'order', 'Чай@5');
  await letterSent(cli, id);
  await operatorSignedIn(cli, system);
  assert.equal(await done(cli, 'operator', 'repair'), 'Расхождений нет.\n');
  assert.equal(await done(cli, 'operator', 'repairs'), 'Ничего не найдено.\n');

  // As after a restore of billing to a moment before the order.
  const billing = system.databaseUrl('billing');
  await queryRows(billing, `delete from operations where type = 'charge'`);
  await queryRows(billing, 'delete from payments');
  await queryRows(billing, 'update wallets set balance = 100000, operation_count = 1');
  const dry = await done(cli, 'operator', 'repair');
  assert.match(dry, /^decision-order {2}\S+ {2}the order is Paid without a decision\n/);
  assert.match(dry, /Будет сделано\.\n {2}Кошелёк \S+: -5,00 ₽/);
  assert.match(dry, /Будет исправлено +1\n/);
  const english = await done(cli, 'operator', 'repair', '--lang', 'en');
  assert.match(english, /the wallet pays|The wallet pays/);
  assert.match(english, /Nothing was changed/);
  assert.match(await done(cli, 'operator', 'repair', '--write-off', id.toUpperCase()), /Списать/);
  const foreign = await cli.run('operator', 'repair', '--write-off', crypto.randomUUID());
  assert.equal(foreign.code, 1);
  assert.match(foreign.stderr, /списать нельзя/);
  assert.match(await done(cli, 'wallet'), /^Баланс +1 000,00 ₽$/m);

  const unreasoned = await cli.run('operator', 'repair', '--apply');
  assert.deepEqual([unreasoned.code, unreasoned.stdout], [2, '']);
  assert.match(unreasoned.stderr, /--reason/);
  const words = ['operator', 'repair', '--apply', '--reason', 'billing from 11:40'];
  assert.match(await done(cli, ...words), /Сделано\.[\s\S]*Исправлено +1\n/);
  assert.equal(await done(cli, ...words), 'Расхождений нет.\n');
  assert.match(await done(cli, 'wallet'), /^Баланс +995,00 ₽$/m);
  assert.match(
    await done(cli, 'operator', 'repairs'),
    /charge-again .*-5,00 ₽.*billing from 11:40/,
  );
  const [report] = await json(cli, 'operator', 'repair');
  assert.deepEqual(report, { complete: true, nextCursor: null, steps: [] });
});

test('a refused sign-in is 1, an expired token is 6, an input password is read', async (t) => {
  const system = await startTestSystem(t);
  const { email } = await system.customer();
  const cli = await temporaryCli(t, system.url);
  const wrong = await cli.run('login', email, '--password', 'wrong horse');
  assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
  assert.match(wrong.stderr, /^Вход не выполнен/);
  const input = await cli.runWith({ input: `${PASSWORD}\nmore\n` }, 'login', email);
  assert.equal(input.code, 0, input.stderr);
  await done(cli, 'wallet');
  const none = await cli.runWith({ input: '' }, 'login', email);
  assert.equal(none.code, 2);
  const expired = await cli.runWith({ env: { ORDERBELL_TOKEN: 'no.token' } }, 'wallet', '--json');
  assert.deepEqual([expired.code, expired.json().code], [6, 'unauthenticated']);
  const faults = await cli.run('register', 'nobody', '--name', 'x', '--password', 'short');
  assert.equal(faults.code, 1);
  assert.match(faults.stderr, /\/email: [\s\S]*\/password: не короче 10/);
});

test('an order whose outcome stays unknown is 4, and its key ends it later', async (t) => {
  const system = await startTestSystem(t, { ORDER_DEADLINE_MS: '1000' });
  const cli = await signedIn(t, system.url, '100');
  const start = await stop(system, 'billing');
  const pending = await cli.run('order', 'Чай@5', '--wait', '5', '--json');
  assert.equal(pending.code, 4, pending.stderr);
  assert.equal(pending.json().status, 'Pending');
  const key = /--key (\S+)$/m.exec(pending.stderr)?.[1];
  assert.ok(key);
  await start();
  const ended = await json(cli, 'order', 'Чай@5', '--key', key);
  assert.deepEqual([ended.id, ended.status], [pending.json().id, 'Paid']);
});

test('an order through a gateway that restarts ends in one order', async (t) => {
  const system = await startTestSystem(t);
  const cli = await signedIn(t, system.url, '100');
  const start = await stop(system, 'gateway');
  const call = cli.start('order', 'Чай@5', '--wait', '60', '--json');
  await eventually('the first repetition', async () => call.errors().includes('повторяю'));
  await start();
  const { code, json: answer, stderr } = await call.ended;
  assert.equal(code, 0, stderr);
  assert.equal(answer().status, 'Paid');
  const { data } = await json(cli, 'orders');
  assert.deepEqual([data.length, data[0].id], [1, answer().id]);
});

/**
 * Between the command line and the gateway: loses the first answers to a path.
 * @param only answers of this status; others pass
 */
async function startLossyProxy(
  t: TestContext,
  to: string,
  path: string,
  losses: number,
  only?: number,
) {
  const lost: string[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const headers = { ...request.headers, host: '', connection: '' };
    const answer = await fetch(to + request.url, {
      method: request.method as string,
      headers: Object.fromEntries(
        Object.entries(headers).filter(([name, value]) => value && name !== 'content-length'),
      ) as Record<string, string>,
      ...(body.length > 0 && { body }),
    });
    const text = await answer.text();
    const isLost = only === undefined || answer.status === only;
    if (request.url === path && isLost && lost.length < losses) {
      lost.push(String(answer.status));
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'application/json',
    });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lost };
}

test('the operator sees whom a top-up is for, is asked, and can undo it', async (t) => {
  const system = await startTestSystem(t);
  const anna = await system.customer({ topUp: 50_000 });
  const cli = await temporaryCli(t, system.url);
  await done(cli, 'login', '--operator', '--password', system.secrets.operatorPassword);
  const balance = async () => (await anna.call('GET', '/v1/wallet')).body.balance.amount;

  for (const words of [anna.customerId, anna.email.toUpperCase()]) {
    const found = await done(cli, 'operator', 'customers', words);
    assert.match(
      found,
      new RegExp(`^${anna.customerId} +Анна +.\\*\\*\\*@example\\.com +ru +500,00 ₽$`, 'm'),
    );
  }
  const { data } = await json(cli, 'operator', 'customers', anna.email);
  assert.equal(data[0].customerId, anna.customerId);

  const topUp = (input: string, ...words: string[]) =>
    cli.runWith({ input }, 'operator', 'top-up', anna.email, '1000', ...words);
  const rename = (name: string) =>
    anna.call('PUT', '/v1/profile', { email: anna.email, name, locale: 'ru' });
  await rename('Анна\u202e\u2066');
  assert.match((await topUp('нет\n')).stderr, /клиенту Анна\\u202e\\u2066 \(/);
  await rename('Анна');
  const asked = await topUp('да\n');
  assert.equal(asked.code, 0, asked.stderr);
  assert.match(
    asked.stderr.replaceAll('\u00a0', ' '),
    /^Зачислить 1 000,00 ₽ клиенту Анна \(.\*\*\*@example\.com\)\? Баланс: 500,00 ₽\./,
  );
  assert.equal(await balance(), 150_000);
  const declined = await topUp('нет\n');
  assert.deepEqual([declined.code, declined.stdout], [1, '']);
  assert.match(declined.stderr, /Отменено, ничего не изменено\.$/m);
  const unattended = await topUp('');
  assert.equal(unattended.code, 2);
  assert.match(unattended.stderr, /Чтобы не спрашивать, добавьте --yes\.$/m);
  for (const nobody of ['pat@example.com', 'nobody']) {
    const refused = await cli.run('operator', 'top-up', nobody, '1000', '--yes');
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, new RegExp(`^Клиент «${nobody}» не найден`));
  }
  assert.equal(await balance(), 150_000);

  const operations = await json(cli, 'operator', 'operations', anna.customerId);
  const { id } = operations.data[0];
  const undo = ['operator', 'undo-top-up', anna.customerId, id, '--reason', 'не тот клиент'];
  const text = /^Пополнение отменено: списано 1 000,00 ₽\. Баланс: 500,00 ₽\.$/m;
  const unasked = await cli.run(...undo);
  assert.equal(unasked.code, 2);
  assert.match(
    unasked.stderr,
    /Отменить пополнение клиента .*Чтобы не спрашивать, добавьте --yes\.$/ms,
  );
  assert.equal(await balance(), 150_000);
  assert.match(await done(cli, ...undo, '--yes'), text);
  // Once, however often it is asked for.
  assert.match(await done(cli, ...undo, '--yes'), text);
  assert.equal(await balance(), 50_000);
  const list = await done(cli, 'operator', 'operations', anna.customerId);
  assert.match(list, /отмена +-1 000,00 ₽ +500,00 ₽ +не тот клиент/);
  assert.match(list, new RegExp(` ${id}$`, 'm'));
  const [reversal] = (await json(cli, 'operator', 'operations', anna.customerId)).data;
  const twice = await cli.run(...undo.with(3, reversal.id), '--yes');
  assert.equal(twice.code, 1);
  assert.match(twice.stderr, /Отменить можно только пополнение/);
  assert.equal((await cli.run(...undo.slice(0, 4))).code, 2);
});

test('answers that are lost after the work was done lead to one order and one top-up', async (t) => {
  const system = await startTestSystem(t);
  // A busy machine may first answer 202 or 503, and then nothing was done yet.
  const ordering = await startLossyProxy(t, system.url, '/v1/orders', 2, 201);
  const cli = await signedIn(t, ordering.url, '100');
  const order = await cli.run('order', 'Чай@5', '--json');
  assert.equal(order.code, 0, order.stderr);
  assert.deepEqual(ordering.lost, ['201', '201']);
  const toppingUp = await startLossyProxy(t, system.url, '/v1/wallet/top-ups', 1);
  const token = { ORDERBELL_TOKEN: (await system.customer()).token };
  const topUp = await cli.runWith({ env: token }, 'top-up', '7', '--url', toppingUp.url, '--json');
  assert.equal(topUp.code, 0, topUp.stderr);
  assert.deepEqual(toppingUp.lost, ['201']);
  assert.equal(topUp.json().balanceAfter.amount, 700);

  const { operations } = await json(cli, 'wallet');
  const amounts = operations.data.map((each: { amount: { amount: number } }) => each.amount.amount);
  assert.deepEqual(amounts, [-500, 10_000]);
  // With no time to retry: exit code 5; a repeat with the key completes the order.
  const impatient = await startLossyProxy(t, system.url, '/v1/orders', 1);
  const lost = await cli.runWith(
    { env: token },
    'order',
    'Чай@5',
    '--url',
    impatient.url,
    '--wait',
    '0',
  );
  assert.equal(lost.code, 5);
  const [, words] = /orderbell -- (order .*)$/m.exec(lost.stderr) ?? [];
  assert.match(words ?? '', /--key \S+ --url http:/);
});

test('a session is renewed between and within commands, and logout ends it at the API', async (t) => {
  const system = await startTestSystem(t, { TOKEN_LIFETIME_S: '1' });
  const { email } = await system.customer();
  const cli = await temporaryCli(t, system.url);
  await done(cli, 'login', email, '--password', PASSWORD);
  // Each of them takes about as long as a token lives.
  const first = await readSession(cli);
  for (let number = 0; number < 3; number++) await done(cli, 'wallet');
  const last = await readSession(cli);
  assert.ok(last?.refreshToken !== undefined && last.refreshToken !== first?.refreshToken);
  await done(cli, 'logout');
  assert.equal(await readSession(cli), undefined);
  const body = { refreshToken: last.refreshToken };
  const renewed = await call(system.url, 'POST', '/v1/sessions/renewal', { body });
  assert.deepEqual([renewed.status, renewed.body.code], [401, 'session-ended']);
});

test('logout without an answer forgets the session, and says that it is still open', async (t) => {
  const system = await startTestSystem(t);
  const { email } = await system.customer();
  const cli = await temporaryCli(t, system.url);
  await done(cli, 'login', email, '--password', PASSWORD);
  await stop(system, 'gateway');
  const out = await cli.run('logout');
  assert.deepEqual([out.code, out.stderr.includes('Error')], [0, false]);
  assert.match(out.stdout, /там сеанс ещё открыт/);
  assert.equal(await readSession(cli), undefined);
});
