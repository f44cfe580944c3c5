import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Profile } from '#contracts/profiles.ts';
import { startTestService } from '#harness/system/internal-service.ts';
import { service as profilesService } from './service.ts';

async function start(t: TestContext) {
  const profiles = await startTestService(t, profilesService);
  return {
    ...profiles,
    create: (customerId: string, locale = 'ru', emailConfirmed = false) =>
      profiles.call('POST', '/profiles', {
        ...{ customerId, email: `${customerId}@example.com`, name: customerId },
        ...{ locale, emailConfirmed },
      }),
    list: (query = '') =>
      profiles.call('GET', `/operator/profiles${query}`, undefined, {
        headers: { 'x-actor': 'pat' },
      }),
  };
}

const idsOf = (profiles: Profile[]) => profiles.map(({ customerId }) => customerId);

test('profiles are listed by falling id, by language and confirmation, page by page', async (t) => {
  const profiles = await start(t);
  assert.deepEqual((await profiles.list()).body, { data: [], nextCursor: null });
  await profiles.create('a1');
  await profiles.create('a2', 'en');
  await profiles.create('a3', 'ru', true);
  await profiles.create('a4', 'en', true);
  await profiles.create('a5', 'en', true);
  const cases: [query: string, expected: string[]][] = [
    ['', ['a5', 'a4', 'a3', 'a2', 'a1']],
    ['locale=en', ['a5', 'a4', 'a2']],
    ['confirmed=false', ['a2', 'a1']],
    ['locale=ru&confirmed=true', ['a3']],
  ];
  for (const [query, expected] of cases) {
    const seen: string[] = [];
    let next = '';
    do {
      const { status, body } = await profiles.list(`?limit=2&${query}${next}`);
      assert.equal(status, 200);
      assert.ok(body.data.length <= 2);
      seen.push(...idsOf(body.data));
      next = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (next !== '');
    assert.deepEqual(seen, expected, query);
  }
  const [first] = (await profiles.list('?limit=1')).body.data;
  assert.deepEqual(first, (await profiles.call('GET', '/profiles/a5')).body);
  for (const wrong of ['?cursor=x', '?locale=de', '?confirmed=1', '?name=Anna', '?limit=101']) {
    assert.equal((await profiles.list(wrong)).status, 400, wrong);
  }
});

test('a page looks through 5,000 profiles at most, and an empty one leads on', async (t) => {
  const profiles = await start(t);
  await profiles.create('a', 'en');
  await profiles.database.query(
    `insert into profiles (customer_id, email, name, locale)
      select 'b' || lpad(n::text, 5, '0'), 'b@example.com', 'b', 'ru'
      from generate_series(1, 5000) as n`,
  );
  const empty = (await profiles.list('?locale=en')).body;
  assert.deepEqual(empty.data, []);
  const { body } = await profiles.list(`?locale=en&cursor=${empty.nextCursor}`);
  assert.deepEqual([idsOf(body.data), body.nextCursor], [['a'], null]);
});

test('one entry says that an operator was shown customers', async (t) => {
  const profiles = await start(t);
  const trail = async () =>
    (await profiles.database.query('select actor, action, subject from audit_trail')).rows;
  await profiles.list();
  assert.deepEqual(await trail(), []);
  await profiles.create('anna');
  await profiles.list();
  await profiles.list();
  assert.deepEqual(await trail(), [{ actor: 'pat', action: 'list-customers', subject: {} }]);
});
