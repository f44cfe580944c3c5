import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { orderNumberOf } from '#contracts/order-number.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { answeredWith } from '#harness/requests.ts';
import { temporaryCli } from '#harness/system/cli.ts';
import { orderOf, startTestSystem, stop, type TestSystem } from '#harness/system/system.ts';
import { displayWidth } from './terminal/width.ts';

// What an operator finds, lists and repairs from the command line, in English.

/** A command line that is signed in as the operator. */
async function operatorCli(t: TestContext, system: TestSystem) {
  const cli = await temporaryCli(t, system.url);
  const call = (...words: string[]) => cli.runWith({ env: { LANG: 'C' } }, ...words);
  const { operatorPassword } = system.secrets;
  assert.equal((await call('login', '--operator', '--password', operatorPassword)).code, 0);
  return {
    call: (...words: string[]) => call('operator', ...words),
    /** Standard output of a call that exits with 0; spaces are plain. */
    async done(...words: string[]): Promise<string> {
      const { code, stderr, stdout } = await call('operator', ...words);
      const said = stderr.replace('No response yet, retrying.\n', '');
      assert.deepEqual([code, said], [0, ''], words.join(' '));
      return stdout.replaceAll('\u00a0', ' ');
    },
    narrow: (...words: string[]) =>
      cli.runWith({ env: { LANG: 'C', COLUMNS: '80' } }, 'operator', ...words),
  };
}

const numberOf = (id: string) => orderNumberOf(id) as string;

async function letterIn(system: TestSystem, orderId: string, state: string): Promise<string> {
  const [row] = await eventually(`the letter is ${state}`, async () => {
    const rows = await queryRows(
      system.databaseUrl('notifications'),
      `select id from letters where order_id = '${orderId}' and state = '${state}'`,
    );
    return rows.length > 0 && rows;
  });
  return (row as { id: string }).id;
}

test('orders, customers and operations are found, listed, filtered and exported', async (t) => {
  const system = await startTestSystem(t);
  const anna = await system.customer({ topUp: 100_000 });
  const boris = await system.customer();
  const paid = (await anna.call('POST', '/v1/orders', orderOf(1_000))).body;
  const formula = { items: [{ ...Object(orderOf(700).items[0]), name: '=1+1' }] };
  const key = { 'idempotency-key': 'key' };
  const refused = () => boris.call('POST', '/v1/orders', formula, key);
  const { order: cancelled } = (await answeredWith(406, refused)).body;
  await letterIn(system, paid.id, 'sent');
  const { call, done, narrow } = await operatorCli(t, system);

  await t.test('search takes numbers, beginnings of ids, e-mails and links', async () => {
    const link = `https://shop.example/orders/${paid.id}`;
    // On a busy machine a service may not answer in time: that is 5.
    const found = (text: string) =>
      eventually(`an answer of every service about ${text}`, async () => {
        const { code, stdout } = await call('search', text);
        return code === 5 ? false : stdout;
      });
    for (const text of [paid.id, numberOf(paid.id), `No. ${numberOf(paid.id)}`, link]) {
      assert.match(await found(text), new RegExp(`^order +${paid.id}`, 'm'), text);
    }
    assert.match(await found(anna.email), new RegExp(`^customer +${anna.customerId}`, 'm'));
    assert.equal(await found(crypto.randomUUID()), 'Nothing found.\n');
  });

  await t.test('every command takes an order by number or the beginning of its id', async () => {
    for (const text of [numberOf(paid.id), `№ ${numberOf(paid.id)}`, paid.id.slice(0, 18)]) {
      const { order } = JSON.parse(await done('journey', text, '--json'));
      assert.equal(order.id, paid.id);
    }
    // Ids begin with their time: those of one minute begin alike, with one exception a minute.
    const begin = paid.id.slice(0, 8);
    if (cancelled.id.startsWith(begin)) {
      const several = await call('journey', begin);
      assert.deepEqual([several.code, several.stdout], [1, '']);
      assert.match(several.stderr, new RegExp(`Several orders match[\\s\\S]*${cancelled.id}`));
    }
    const unknown = await call('journey', '00000-00000');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /^No order found for "00000-00000"/);
    assert.equal((await call('journey', 'tea')).code, 2);
  });

  await t.test('lists have heads and filters, and fit 80 columns', async () => {
    const list = await done('orders', '--status', 'Cancelled', '--reason', 'insufficient-funds');
    assert.match(list, /^Placed +Status +Total +Order no\. +Items +Customer +Order\n/);
    assert.match(list, new RegExp(`Cancelled .* ${numberOf(cancelled.id)} .*${cancelled.id}\n$`));
    assert.match(
      await done('orders', '--customer', anna.email, '--min', '10.01'),
      /^Nothing found/,
    );
    const within = await done('orders', '--customer', anna.email, '--min', '10', '--max', '10.00');
    assert.match(within, new RegExp(`${paid.id}\n$`));
    assert.match(await done('orders', '--until', '2026-01-01'), /^Nothing found/);
    for (const word of ['orders', 'operations', 'letters', 'customers', 'audit']) {
      const { code, stdout } = await narrow(word);
      assert.equal(code, 0);
      for (const line of stdout.split('\n')) assert.ok(displayWidth(line) <= 80, line);
      assert.match(stdout, /^[A-Z]/);
    }
  });

  await t.test('CSV follows RFC 4180, and a spreadsheet computes nothing of it', async () => {
    const { stdout } = await call('orders', '--csv', '--all', '--sort', 'oldest');
    const [head, first, second, ...rest] = stdout.split('\r\n');
    assert.match(head ?? '', /^id,number,createdAt,status,statusReason,total,currency,/);
    assert.equal(first?.startsWith(`${paid.id},${numberOf(paid.id)},`), true, String(first));
    assert.match(first ?? '', /,Paid,,10\.00,RUB,/);
    assert.match(second ?? '', /,Cancelled,insufficient-funds,7\.00,RUB,.*,'=1\+1,$/);
    assert.deepEqual(rest, ['']);
  });

  await t.test('a wrong top-up is found and reversed', async () => {
    const list = ['operations', '--type', 'top_up', '--min', '1000'];
    const { data } = JSON.parse(await done(...list, '--json'));
    assert.deepEqual([data.length, data[0].customerId], [1, anna.customerId]);
    const undo = ['undo-top-up', boris.customerId, data[0].id, '--reason', 'wrong', '--yes'];
    assert.equal((await call(...undo)).code, 1);
    const { id } = JSON.parse(await done('top-up', boris.email, '3', '--yes', '--json'));
    await done('undo-top-up', boris.email, id, '--reason', 'typed twice', '--yes');
    const one = await done('operation', id);
    assert.match(one, /^Amount +RUB 3\.00|^Amount +₽3\.00/m);
    assert.match(one, /^Reversed by .*typed twice$/m);
  });

  await t.test('a customer is one view, and parts that are away are named', async () => {
    // As above: 5 while one of them does not answer in time.
    const view = await eventually('an answer of every service', async () => {
      const { code, stdout } = await call('customer', anna.email);
      return code === 5 ? false : stdout.replaceAll('\u00a0', ' ');
    });
    assert.match(view, new RegExp(`^Customer +${anna.customerId}\nName +Анна`));
    assert.match(view, /^Wallet transactions\nWhen .*\n.* payment /m);
    assert.match(view, new RegExp(`^Orders\nPlaced .*\n.* Paid .* ${numberOf(paid.id)} `, 'm'));
    assert.match(view, /^Letters\nCreated .*\n.* sent /m);
    const start = await stop(system, 'orders');
    const partly = await eventually('an answer of the others', async () => {
      const answer = await call('customer', anna.customerId);
      return /^Not responding: orders$/m.test(answer.stdout) && answer;
    });
    assert.equal(partly.code, 5);
    assert.match(partly.stdout, /^Orders\nno response$/m);
    await start();
    assert.equal((await call('customer', 'nobody')).code, 1);
  });
});

test('failed letters are sent again with their outcome, or acknowledged', async (t) => {
  const system = await startTestSystem(t);
  const refused = await system.customer({ topUp: 100_000 });
  const email = `refuse@${crypto.randomUUID()}.example`;
  await refused.call('PUT', '/v1/profile', { email, name: 'Boris', locale: 'en' });
  const first = (await refused.call('POST', '/v1/orders', orderOf(500))).body;
  const anna = await system.customer({ topUp: 100_000 });
  const second = (await anna.call('POST', '/v1/orders', orderOf(500))).body;
  const failed = await letterIn(system, first.id, 'failed');
  const sent = await letterIn(system, second.id, 'sent');
  const { call, done } = await operatorCli(t, system);

  await t.test('one that fails again says why; several say it of each', async () => {
    const again = await call('resend', numberOf(first.id));
    assert.equal(again.code, 1, again.stderr);
    assert.match(
      again.stdout,
      new RegExp(`^No\\. ${numberOf(first.id)}: failed again: .*no such mailbox`),
    );
    await queryRows(
      system.databaseUrl('notifications'),
      `update letters set state = 'failed', failure = 'by hand' where id = '${sent}'`,
    );
    const both = await call('resend', sent, failed);
    assert.equal(both.code, 1);
    assert.match(both.stdout, /: the letter was sent\.\n.*: failed again: /);
    const unwatched = await done('resend', failed, '--no-wait');
    assert.match(unwatched, /: the letter is queued again\.$/m);
    await letterIn(system, first.id, 'failed');
    const gone = await call('resend', failed, crypto.randomUUID(), '--json');
    assert.equal(gone.code, 1);
    assert.deepEqual(
      gone.json().map(({ code, state }: { code?: string; state?: string }) => code ?? state),
      ['failed', 'not-found'],
    );
  });

  await t.test(
    'an acknowledged letter is no longer in the list of those that need attention',
    async () => {
      const needy = ['letters', '--state', 'failed', '--unacknowledged'];
      assert.match(await done(...needy), new RegExp(`${numberOf(first.id)} .*no such mailbox`));
      const words = ['letter', 'acknowledge', numberOf(first.id), '--reason', 'the shop is gone'];
      assert.equal(await done(...words), 'Acknowledged: 1.\n');
      assert.equal(await done(...needy), 'Nothing found.\n');
      assert.match(await done('letters', '--acknowledged'), /acknowledged: the shop is gone/);
      assert.match(await done('letter', failed), /^Acknowledged .*the shop is gone$/m);
      const twice = await call(...words);
      assert.deepEqual([twice.code, twice.stdout.split('\n')[0]], [1, 'Acknowledged: 0.']);
      assert.match(await done('audit', '--action', 'acknowledge-letters'), /the shop is gone/);
    },
  );

  await t.test('the journey is collapsed, says who resent, and how it ended', async () => {
    const journey = await eventually('an answer of every service', async () => {
      const text = await done('journey', numberOf(first.id));
      return text.includes('Not responding') ? false : text;
    });
    assert.match(journey, /^Number +[0-9A-Z]{5}-[0-9A-Z]{5}\nOrder +/);
    assert.match(journey, /send letter 1–\d+ +notifications → smtp +refused +550 /);
    assert.match(journey, /^Letter sent again at .* by operator /m);
    assert.match(journey, /^Ended /m);
  });
});

test('a pending order is settled now, and a dead letter is discarded', async (t) => {
  const system = await startTestSystem(t, {
    ORDER_DEADLINE_MS: '1000',
    RECOVERY_INTERVAL_MS: '60000',
  });
  const anna = await system.customer({ topUp: 100_000 });
  const start = await stop(system, 'billing');
  const key = { 'idempotency-key': 'key' };
  const placed = await answeredWith(202, () => anna.call('POST', '/v1/orders', orderOf(500), key));
  const pending = placed.body;
  assert.equal(pending.status, 'Pending');
  await start();
  const { call, done } = await operatorCli(t, system);
  assert.match(await done('pending'), new RegExp(`${numberOf(pending.id)} `));
  const settle = ['settle', numberOf(pending.id), '--reason', 'the customer called'];
  assert.match(await done(...settle), /^Status +(Cancelled|Paid)$/m);
  const { order } = JSON.parse(await done('journey', pending.id, '--json'));
  assert.notEqual(order.status, 'Pending');
  // Once more changes nothing.
  assert.equal(JSON.parse(await done(...settle, '--json')).status, order.status);
  assert.match(await done('audit', '--action', 'settle-order'), /the customer called/);

  await system.broker.publish({ key: 'k', value: Buffer.from('{}'), headers: {} });
  const dead = await eventually('the dead letter', async () => {
    const { data } = JSON.parse(await done('dead-letters', '--state', 'dead', '--json'));
    return data[0];
  });
  assert.match(await done('dead-letter', dead.id), /^State +unprocessed[\s\S]*^Value +\{\}$/m);
  const discard = ['dead-letter', 'discard', dead.id, '--reason', 'a test message'];
  assert.equal(await done(...discard), 'Discarded: 1.\n');
  assert.match(await done('dead-letter', dead.id), /^Discarded .*a test message$/m);
  const twice = await call(...discard, '--json');
  assert.deepEqual([twice.code, twice.json()], [1, { discarded: 0, refused: 1 }]);
});
