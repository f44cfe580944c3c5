import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import { orderOf, type TestCustomer } from '#harness/system/system.ts';

// docs/reference/api.md: lists.

interface Element {
  id: string;
  [member: string]: unknown;
}

/** Walks a list to its end. */
async function walk(customer: TestCustomer, path: string, limit: number): Promise<Element[][]> {
  const pages: Element[][] = [];
  let cursor: string | null = null;
  do {
    const query: URLSearchParams = new URLSearchParams({ limit: String(limit) });
    if (cursor !== null) query.set('cursor', cursor);
    const { status, body } = await customer.call('GET', `${path}?${query}`);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).sort(), ['data', 'nextCursor']);
    pages.push(body.data);
    cursor = body.nextCursor;
    assert.ok(pages.length < 50, 'the walk does not end');
  } while (cursor !== null);
  return pages;
}

const ORDERS = 7;
const PRICES = [10, 20, 9_999, 30, 9_999, 40, 50]; // the third and the fifth are declined

test('lists agree with single reads', async (t) => {
  const system = await sharedTestSystem();
  const anna = await system.customer({ topUp: 1_000 });
  const placed: Element[] = [];
  for (const price of PRICES) {
    const { status, body } = await anna.call('POST', '/v1/orders', orderOf(price));
    placed.unshift(status === 201 ? body : body.order);
  }
  const ids = (elements: Element[]) => elements.map(({ id }) => id);
  const letters = await eventually('all letters', async () => {
    const { body } = await anna.call('GET', '/v1/letters');
    const sent = body.data.filter(({ state }: { state: string }) => state === 'sent');
    return sent.length === ORDERS && (body.data as Element[]);
  });
  const { body: operations } = await anna.call('GET', '/v1/wallet/operations');

  await t.test('orders come newest first and equal the single read', async () => {
    const { body } = await anna.call('GET', '/v1/orders');
    assert.equal(body.nextCursor, null);
    assert.deepEqual(body.data, placed);
    for (const order of placed) {
      assert.deepEqual((await anna.call('GET', `/v1/orders/${order.id}`)).body, order);
    }
  });

  await t.test(
    'letters come newest first, one for each order, and equal the single read',
    async () => {
      assert.deepEqual(
        letters.map(({ orderId }) => orderId),
        ids(placed),
      );
      for (const letter of letters) {
        assert.deepEqual((await anna.call('GET', `/v1/letters/${letter.id}`)).body, letter);
      }
      const [first] = placed as [Element];
      const { body } = await anna.call('GET', `/v1/letters?orderId=${first.id}`);
      assert.deepEqual(
        body.data,
        letters.filter(({ orderId }) => orderId === first.id),
      );
      assert.equal(body.data.length, 1);
    },
  );

  await t.test('operations come newest first, and each balance follows from the former', () => {
    const paid = placed.filter(({ status }) => status === 'Paid');
    const list = operations.data as (Element & Record<string, { amount: number }>)[];
    assert.deepEqual(
      list.map(({ orderId }) => orderId),
      [...ids(paid), null],
    );
    list.forEach(({ amount, balanceAfter }, index) => {
      const before = list[index + 1]?.balanceAfter?.amount ?? 0;
      assert.equal(balanceAfter?.amount, before + (amount?.amount ?? Number.NaN));
    });
    assert.equal(list[0]?.balanceAfter?.amount, 850);
  });

  for (const [path, all] of [
    ['/v1/orders', placed],
    ['/v1/wallet/operations', operations.data],
    ['/v1/letters', letters],
  ] as [string, Element[]][]) {
    // One short of the end, exactly the end and beyond it are where a page may be lost or empty.
    for (const limit of [1, 3, all.length - 1, all.length, all.length + 1]) {
      await t.test(`${path} by ${limit}: everything once, in order`, async () => {
        const pages = await walk(anna, path, limit);
        assert.deepEqual(pages.flat(), all);
        assert.equal(pages.length, Math.ceil(all.length / limit));
        for (const page of pages.slice(0, -1)) assert.equal(page.length, limit);
      });
    }
  }

  await t.test('without a limit a page has 20', async () => {
    const boris = await system.customer({ topUp: 100 });
    for (let i = 0; i < 21; i++) await boris.call('POST', '/v1/orders', orderOf(1));
    const { body } = await boris.call('GET', '/v1/orders');
    assert.equal(body.data.length, 20);
    const rest = await boris.call('GET', `/v1/orders?cursor=${body.nextCursor}`);
    assert.equal(rest.body.data.length, 1);
    assert.equal(rest.body.nextCursor, null);
  });

  await t.test('items that arrive while paging do not shift the pages', async () => {
    const boris = await system.customer({ topUp: 100 });
    const mine: string[] = [];
    for (let i = 0; i < 4; i++)
      mine.unshift((await boris.call('POST', '/v1/orders', orderOf(1))).body.id);
    const { body } = await boris.call('GET', '/v1/orders?limit=2');
    await boris.call('POST', '/v1/orders', orderOf(1));
    const next = await boris.call('GET', `/v1/orders?limit=2&cursor=${body.nextCursor}`);
    assert.deepEqual(ids([...body.data, ...next.body.data]), mine);
    assert.equal(next.body.nextCursor, null);
  });

  await t.test('the status filter, also over pages', async () => {
    for (const status of ['Paid', 'Cancelled', 'Pending']) {
      const { body } = await anna.call('GET', `/v1/orders?status=${status}`);
      assert.deepEqual(
        body.data,
        placed.filter((order) => order.status === status),
      );
      assert.equal(body.nextCursor, null);
    }
    const { body } = await anna.call('GET', '/v1/orders?status=Cancelled&limit=1');
    const next = await anna.call(
      'GET',
      `/v1/orders?status=Cancelled&limit=1&cursor=${body.nextCursor}`,
    );
    const cancelled = placed.filter(({ status }) => status === 'Cancelled');
    assert.deepEqual([...body.data, ...next.body.data], cancelled);
    assert.equal(next.body.nextCursor, null);
  });
});
