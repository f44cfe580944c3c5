import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderNumberOf } from '#contracts/order-number.ts';
import { startNotificationsService } from '#harness/system/notifications-service.ts';
import { startOrdersService } from '#harness/system/orders-service.ts';

const LETTERS = '/operator/letters';
const WAITING = "due_at = now() + interval '1 hour'";
const ACTOR = { headers: { 'x-actor': 'operator-1' } };

const unitPrice = { amount: 1_050, currency: 'RUB' };
const itemNamed = (name: string) => ({ name, sku: 'SKU-1', quantity: 1, unitPrice });

test('a preview takes any version, language and zone, and asks orders for items', async (t) => {
  const orders = await startOrdersService(t, { OUTBOX_RELAY: 'off' });
  const items = Array.from({ length: 23 }, (_, index) => itemNamed(`Чай ${index + 1}`));
  const order = await orders.pending({ items });
  const service = await startNotificationsService(t, [], {
    ORDERS_URL: orders.url,
    LETTER_TEMPLATE: '2',
    PUBLIC_URL: 'https://shop.example/',
  });
  const id = await service.insert(
    { orderId: order.id, status: 'Cancelled', reason: 'insufficient-funds' },
    WAITING,
  );
  const timeZone = 'Europe/Berlin';
  const profile = { email: 'anna@example.com', name: 'Anna', locale: 'ru', timeZone };
  await service.profiles.call('PUT', '/profiles/anna', profile);
  const preview = (query = '') =>
    service.call('GET', `${LETTERS}/${id}/preview${query}`, undefined, ACTOR);

  const one = (await preview()).body;
  assert.deepEqual([one.templateVersion, one.locale, one.to], [1, 'ru', 'a***@example.com']);
  assert.doesNotMatch(one.text, /Чай/);
  const two = (await preview('?templateVersion=2')).body;
  assert.match(two.text, /- Чай 20: 1 × 10,50.₽ = 10,50.₽\nи ещё позиций: 3\n/);
  assert.doesNotMatch(two.text, /Чай 21|SKU-1/);
  assert.match(two.text, /19:30 \(Центральная Европа, стандартное время\)/);
  assert.ok(two.subject.includes(orderNumberOf(order.id)));
  assert.ok(two.text.includes(`https://shop.example/orders/${order.id}/again`));
  const other = (await preview('?templateVersion=2&locale=en&timeZone=Asia/Tokyo')).body;
  assert.equal(other.locale, 'en');
  assert.match(other.text, /Cancelled: 23 November 2026 at 03:30 \(Japan Standard Time\)/);

  const unknown = await preview('?templateVersion=7');
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'template-unknown']);
  const nowhere = await preview('?timeZone=Mars/Olympus');
  assert.equal(nowhere.status, 400);
  assert.match(nowhere.body.errors[0].detail, /Mars\/Olympus/);

  const listed = (await service.call('GET', '/operator/letter-templates')).body;
  assert.deepEqual(listed.data, [
    { version: 1, source: 'built-in', current: false },
    { version: 2, source: 'built-in', current: true },
  ]);
  // Without orders a preview fails soon, and one without items does not need them.
  await orders.close();
  assert.equal((await preview()).status, 200);
  assert.equal((await preview('?templateVersion=2')).status, 503);
});

test('one start reports every fault of the settings of letters', async (t) => {
  await assert.rejects(
    startNotificationsService(t, [], { LETTER_TEMPLATE: '7', LETTER_TEMPLATES: '/nowhere' }),
    /LETTER_TEMPLATES must be the path of a folder that exists\n.*LETTER_TEMPLATE is 7: there is/,
  );
});
