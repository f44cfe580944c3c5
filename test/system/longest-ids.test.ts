import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { startTestIssuer } from '#harness/issuer.ts';
import { call } from '#harness/requests.ts';
import { orderOf, rub, startTestSystem } from '#harness/system/system.ts';

// A limit that two hops have is the same at both, however an id is written there: in a path, a
// query, a header or JSON.

// Three characters each in a path, two in JSON.
const WORST = { 'percent signs': '%', quotes: '"', backslashes: '\\', slashes: '/' };

test('ids and keys of 255 characters pass every hop', async (t) => {
  const issuer = await startTestIssuer(t);
  const system = await startTestSystem(t, { OIDC_ISSUER: issuer.url });
  for (const [name, character] of Object.entries(WORST)) {
    await t.test(name, async () => {
      const longest = character.repeat(255);
      const key = { 'idempotency-key': longest };
      const callAs = async (
        claims: object,
        method: string,
        path: string,
        { body, headers = {} }: { body?: object; headers?: Record<string, string> } = {},
      ) => {
        const token = await issuer.sign({ sub: longest, ...claims });
        const authorization = `Bearer ${token}`;
        return call(system.url, method, path, { headers: { authorization, ...headers }, body });
      };
      const contact = { email: 'anna@example.com', name: 'Анна' };
      const get = async (path: string) => {
        const answer = await callAs(contact, 'GET', path);
        assert.equal(answer.status, 200, `${path} ${JSON.stringify(answer.body)}`);
        return answer.body;
      };

      const profile = await callAs(contact, 'PUT', '/v1/profile', {
        body: { ...contact, locale: 'ru' },
      });
      assert.equal(profile.status, 200, JSON.stringify(profile.body));
      const amount = { amount: rub(1_000) };
      const own = await callAs(contact, 'POST', '/v1/wallet/top-ups', {
        body: amount,
        headers: key,
      });
      assert.equal(own.status, 201, JSON.stringify(own.body));
      const wallet = `/v1/operator/wallets/${encodeURIComponent(longest)}/top-ups`;
      for (let time = 0; time < 2; time++) {
        const given = await callAs({ scope: 'operator' }, 'POST', wallet, {
          body: amount,
          headers: key,
        });
        assert.equal(given.status, 201, JSON.stringify(given.body));
        assert.equal(given.headers.get('idempotency-key'), longest);
        assert.deepEqual(given.body.balanceAfter, rub(2_000));
      }
      const order = await callAs(contact, 'POST', '/v1/orders', {
        body: { ...orderOf(100), customerId: longest },
        headers: key,
      });
      assert.equal(order.status, 201, JSON.stringify(order.body));
      assert.equal(order.body.customerId, longest);

      await eventually('the letter', async () => {
        const journey = await get(`/v1/orders/${order.body.id}/journey`);
        return journey.letter?.state === 'sent';
      });
      const [letter] = (await get('/v1/letters?limit=1')).data;
      assert.equal((await get(`/v1/letters/${letter.id}`)).orderId, order.body.id);
      const operations = await get('/v1/wallet/operations?limit=1');
      assert.equal(
        (await get(`/v1/wallet/operations?cursor=${operations.nextCursor}`)).data.length,
        2,
      );
      assert.equal((await get('/v1/profile')).customerId, longest);
      assert.deepEqual((await get('/v1/wallet')).balance, rub(1_900));
      const query = `?customerId=${encodeURIComponent(longest)}`;
      const letters = await callAs({ scope: 'operator' }, 'GET', `/v1/operator/letters${query}`);
      assert.equal(letters.body.data.length, 1);
    });
  }
  await t.test('reconciliation covers such customers', async () => {
    const authorization = `Bearer ${await issuer.sign({ scope: 'operator' })}`;
    const headers = { authorization };
    const { status, body } = await call(system.url, 'GET', '/v1/operator/ledger/verify', {
      headers,
    });
    assert.deepEqual([status, body.ok, body.complete], [200, true, true]);
    const cursor = Buffer.from(`ledger:wallets:${'"'.repeat(255)}`).toString('base64url');
    const path = `/v1/operator/ledger/verify?cursor=${cursor}`;
    assert.equal((await call(system.url, 'GET', path, { headers })).body.ok, true);
  });
});
