import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startTestService } from '#harness/system/internal-service.ts';
import { service as profilesService } from './service.ts';

const ANNA = { email: 'anna@example.com', name: 'Анна', locale: 'ru' };
const ANN = { email: 'ann@example.org', name: 'Ann', locale: 'en' };

const stored = (customerId: string, data: object) => ({
  customerId,
  ...data,
  emailConfirmed: false,
});

async function start(t: TestContext) {
  const profiles = await startTestService(t, profilesService);
  const path = (customerId: string) => `/profiles/${encodeURIComponent(customerId)}`;
  return {
    ...profiles,
    create: (customerId: string, data: object = ANNA) =>
      profiles.call('POST', '/profiles', { customerId, ...data }),
    get: (customerId: string) => profiles.call('GET', path(customerId)),
    put: (customerId: string, data: object, ifMatch?: string) =>
      profiles.call('PUT', path(customerId), data, {
        headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
      }),
    lookUp: (customerIds: string[]) =>
      profiles.call('POST', '/contacts/look-up', { customerIds }, { caller: 'notifications' }),
  };
}

test('a profile is created where none exists, else the stored one is returned', async (t) => {
  const profiles = await start(t);
  const first = await profiles.create('anna');
  assert.deepEqual([first.status, first.body], [201, stored('anna', ANNA)]);
  assert.equal(first.headers.get('etag'), '"1"');

  const again = await profiles.create('anna', ANN);
  assert.deepEqual([again.status, again.body], [200, first.body]);

  const twins = await Promise.all(Array.from({ length: 10 }, () => profiles.create('twin')));
  assert.deepEqual(twins.map(({ status }) => status).sort(), [...Array(9).fill(200), 201]);
  assert.equal((await profiles.get('nobody')).status, 404);
});

test('a change without a condition always holds, and makes the profile where none is', async (t) => {
  const profiles = await start(t);
  await profiles.create('anna');
  const changed = await profiles.put('anna', ANN);
  assert.deepEqual([changed.status, changed.body], [200, stored('anna', ANN)]);
  assert.equal(changed.headers.get('etag'), '"2"');
  const read = await profiles.get('anna');
  assert.deepEqual([read.body, read.headers.get('etag')], [changed.body, '"2"']);

  const made = await profiles.put('boris', ANN);
  assert.deepEqual([made.status, made.headers.get('etag')], [200, '"1"']);
});

test('of changes to a new profile at once, none is answered with another’s data', async (t) => {
  const profiles = await start(t);
  const names = Array.from({ length: 10 }, (_, i) => `Анна ${i}`);
  const answers = await Promise.all(names.map((name) => profiles.put('new', { ...ANNA, name })));
  assert.deepEqual(
    answers.map(({ body }) => body.name),
    names,
  );
  const versions = answers.map(({ headers }) => headers.get('etag'));
  assert.equal(new Set(versions).size, 10);
  const { body } = await profiles.get('new');
  assert.equal(body.name, names[versions.indexOf('"10"')]);
});

const conditions: [string, boolean][] = [
  ['"2"', true],
  ['*', true],
  ['"1", "2"', true],
  ['"1","2"', true],
  ['W/"2", "2"', true],
  ['"a,b", "2"', true],
  ['"1"', false],
  ['"3"', false],
  ['"1", "3"', false],
  // If-Match compares strongly: a weak tag never matches (RFC 9110 section 13.1.1).
  ['W/"2"', false],
  // The same number is not the same tag.
  ['"02"', false],
  ['"2 "', false],
  ['"99999999999999999999"', false],
  ['2', false],
  ['""', false],
];

test('If-Match holds exactly when it names the present version', async (t) => {
  const profiles = await start(t);
  for (const [index, [condition, holds]] of conditions.entries()) {
    const customerId = `customer-${index}`;
    await profiles.create(customerId);
    await profiles.put(customerId, ANNA);
    const answer = await profiles.put(customerId, ANN, condition);
    const { body, headers } = await profiles.get(customerId);
    const seen = [answer.status, answer.body.code, body.name, headers.get('etag')];
    const expected = holds
      ? [200, undefined, 'Ann', '"3"']
      : [412, 'profile-changed', 'Анна', '"2"'];
    assert.deepEqual(seen, expected, condition);
  }
});

test('with any If-Match, also *, nothing is created', async (t) => {
  const profiles = await start(t);
  for (const condition of ['*', '"1"']) {
    assert.equal((await profiles.put('nobody', ANN, condition)).status, 412);
  }
  assert.equal((await profiles.get('nobody')).status, 404);
});

test('of two changes of the version that both had read, one holds', async (t) => {
  const profiles = await start(t);
  await profiles.create('anna');
  const answers = await Promise.all([
    profiles.put('anna', ANN, '"1"'),
    profiles.put('anna', { ...ANN, name: 'Anne' }, '"1"'),
  ]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412]);
  const { body, headers } = await profiles.get('anna');
  assert.deepEqual(body, answers.find(({ status }) => status === 200)?.body);
  assert.equal(headers.get('etag'), '"2"');
});

test('two hundred contacts are looked up at once; unknown customers are left out', async (t) => {
  const profiles = await start(t);
  const ids = Array.from({ length: 200 }, (_, i) => `customer-${i}`);
  for (let i = 0; i < 200; i += 2) {
    await profiles.create(`customer-${i}`, { ...ANNA, email: `c${i}@example.com` });
  }
  const { status, body } = await profiles.lookUp(ids);
  assert.equal(status, 200);
  const found = new Map(body.data.map((one: { customerId: string }) => [one.customerId, one]));
  assert.equal(body.data.length, 100);
  for (let i = 0; i < 200; i += 2) {
    const customerId = `customer-${i}`;
    assert.deepEqual(
      found.get(customerId),
      stored(customerId, { ...ANNA, email: `c${i}@example.com` }),
    );
  }
  assert.deepEqual((await profiles.lookUp(['nobody', 'nobody'])).body, { data: [] });
  assert.equal((await profiles.lookUp([...ids, 'one-more'])).status, 400);
  assert.equal((await profiles.lookUp([])).status, 400);
});

test('profiles are found by their address in any case of its letters, at most twenty', async (t) => {
  const profiles = await start(t);
  const find = async (email: string) => {
    const path = `/profiles?email=${encodeURIComponent(email)}`;
    const { status, body } = await profiles.call('GET', path);
    assert.equal(status, 200, JSON.stringify(body));
    return body.data;
  };
  await profiles.create('anna', { ...ANNA, email: 'Anna.K@Example.com' });
  await profiles.create('twin', { ...ANN, email: 'anna.k@example.COM' });
  await profiles.create('other', { ...ANN, email: 'annaxk@example.com' });
  const found = [
    stored('anna', { ...ANNA, email: 'Anna.K@Example.com' }),
    stored('twin', { ...ANN, email: 'anna.k@example.COM' }),
  ];
  for (const email of ['anna.k@example.com', 'ANNA.K@EXAMPLE.COM', 'Anna.K@Example.com']) {
    assert.deepEqual(await find(email), found);
  }
  // Exact: no part of an address, no pattern.
  for (const email of ['a.k@example.com', 'anna_k@example.com', 'anna.k@example.co']) {
    assert.deepEqual(await find(email), []);
  }
  for (let i = 0; i < 25; i++) await profiles.create(`many-${i}`, { ...ANN, email: 'm@a.bc' });
  assert.equal((await find('m@a.bc')).length, 20);
  for (const query of ['', '?email=nobody', '?email=a@b.cd&email=a@b.cd', '?mail=a@b.cd']) {
    assert.equal((await profiles.call('GET', `/profiles${query}`)).status, 400, query);
  }
});

test('only notifications may look contacts up, and it may do nothing else', async (t) => {
  const profiles = await start(t);
  const body = { customerIds: ['anna'] };
  assert.equal((await profiles.call('POST', '/contacts/look-up', body)).status, 403);
  const foreign = { caller: 'notifications' } as const;
  for (const path of ['/profiles/anna', '/profiles?email=a@b.cd']) {
    assert.equal((await profiles.call('GET', path, undefined, foreign)).status, 403, path);
  }
  assert.equal((await profiles.call('PUT', '/profiles/anna', ANNA, foreign)).status, 403);
  const create = { customerId: 'anna', ...ANNA };
  assert.equal((await profiles.call('POST', '/profiles', create, foreign)).status, 403);
});

test('the time zone stays in a change that does not give it, and an unknown one is refused', async (t) => {
  const profiles = await start(t);
  const timeZone = 'Asia/Yekaterinburg';
  assert.equal((await profiles.create('boris')).body.timeZone, undefined);
  const created = await profiles.create('anna', { ...ANNA, timeZone });
  assert.deepEqual(created.body, stored('anna', { ...ANNA, timeZone }));
  // As a replica of the release before changes a profile.
  assert.equal((await profiles.put('anna', ANN)).body.timeZone, timeZone);
  assert.equal((await profiles.put('anna', ANN, '"2"')).body.timeZone, timeZone);
  const moved = await profiles.put('anna', { ...ANN, timeZone: 'UTC' }, '"3"');
  assert.equal(moved.body.timeZone, 'UTC');
  const { data } = (await profiles.lookUp(['anna', 'boris'])).body;
  const zones = data.map((each: { customerId: string; timeZone?: string }) => [
    each.customerId,
    each.timeZone,
  ]);
  assert.deepEqual(zones.sort(), [
    ['anna', 'UTC'],
    ['boris', undefined],
  ]);
  for (const unknown of ['Mars/Olympus', 'Asia/Ekaterinburg']) {
    for (const refused of [
      await profiles.put('anna', { ...ANN, timeZone: unknown }),
      await profiles.create('clara', { ...ANN, timeZone: unknown }),
    ]) {
      const [error] = refused.body.errors;
      assert.deepEqual([refused.status, error.pointer], [400, '/timeZone']);
      assert.ok(error.detail.includes(unknown));
    }
  }
});
