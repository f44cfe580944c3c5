import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { decodeJwt } from 'jose';
import { testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestIdentity } from '#harness/system/identity.ts';
import { PASSWORD } from '#harness/system/system.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { deleteExpiredResets } from './resets-store.ts';
import { deleteExpiredSessions } from './sessions-store.ts';

const WRONG = 'wrong horse battery';
const OTHER = 'another good one';
const ANNA = 'anna@example.com';

/** Identity with Anna's account. */
async function start(t: TestContext, settings: Record<string, string> = {}, databaseUrl?: string) {
  const identity = await startTestIdentity(t, {
    settings,
    ...(databaseUrl !== undefined && { databaseUrl }),
  });
  const account = await identity.register(ANNA);
  const database = createDatabase({
    url: identity.databaseUrl,
    connectionsMax: 1,
    applicationName: 'look',
    log: testLog,
  });
  t.after(() => database.close());
  const query = async (text: string) => (await database.query(text)).rows;
  const opened = async (more: object = {}) => {
    const { status, body } = await identity.signIn(ANNA, PASSWORD, more);
    assert.equal(status, 200);
    const sid = String(decodeJwt(body.accessToken ?? '').sid);
    return { refreshToken: body.refreshToken ?? '', sid };
  };
  return {
    ...identity,
    database,
    query,
    opened,
    customerId: account.body.customerId ?? '',
    renew: (refreshToken: string) => identity.send('POST', '/sessions/renewal', { refreshToken }),
    ended: async (withinS = 60) => {
      const answer = await identity.send('GET', `/sessions/ended?withinS=${withinS}`, undefined);
      return answer.body.sessions as unknown as string[];
    },
    change: (currentPassword: string, newPassword: string, more: object = {}) =>
      identity.send('PUT', `/accounts/${account.body.customerId}/password`, {
        currentPassword,
        newPassword,
        clientAddress: '192.0.2.1',
        ...more,
      }),
    redeem: (token: string, newPassword: string) =>
      identity.post('/password-resets/redeem', { token, newPassword }),
    askReset: async (email: string, clientAddress = '192.0.2.1') =>
      (await identity.post('/password-resets', { email, clientAddress })).body.token ?? null,
  };
}

test('a refresh token renews the session once, with the same sid', async (t) => {
  const identity = await start(t);
  const { refreshToken, sid } = await identity.opened();
  const first = await identity.renew(refreshToken);
  assert.deepEqual([first.status, first.headers.get('cache-control')], [200, 'no-store']);
  assert.notEqual(first.body.refreshToken, refreshToken);
  const claims = await identity.verify(first.body.accessToken);
  assert.deepEqual([claims.sid, claims.sub], [sid, identity.customerId]);
  assert.equal((await identity.renew(first.body.refreshToken ?? '')).status, 200);
  const stored = JSON.stringify(await identity.query('select * from sessions'));
  const secret = Buffer.from(refreshToken, 'base64url').subarray(16).toString('hex');
  assert.ok(!stored.includes(refreshToken) && !stored.includes(secret), 'a token is stored');
});

test('a lost answer is given again for 30 s, the same one', async (t) => {
  const identity = await start(t);
  const { refreshToken } = await identity.opened();
  const twins = await Promise.all([identity.renew(refreshToken), identity.renew(refreshToken)]);
  assert.deepEqual(
    twins.map(({ status }) => status),
    [200, 200],
  );
  assert.equal(twins[0].body.refreshToken, twins[1].body.refreshToken);
  // Some seconds before the end: a busy machine may take one for the next request.
  await identity.query(`update sessions set rotated_at = now() - interval '25 s'`);
  assert.equal((await identity.renew(refreshToken)).body.refreshToken, twins[0].body.refreshToken);
  assert.equal((await identity.renew(twins[0].body.refreshToken ?? '')).status, 200);
});

test('a token that is used again later ends the session of both users', async (t) => {
  for (const late of ['a minute later', 'after the next one was used']) {
    const identity = await start(t);
    const { refreshToken, sid } = await identity.opened();
    const other = await identity.opened();
    let next = (await identity.renew(refreshToken)).body.refreshToken ?? '';
    if (late === 'a minute later') {
      await identity.query(`update sessions set rotated_at = now() - interval '31 s'`);
    } else next = (await identity.renew(next)).body.refreshToken ?? '';
    const stolen = await identity.renew(refreshToken);
    assert.deepEqual([stolen.status, stolen.body.code], [401, 'session-ended'], late);
    assert.equal((await identity.renew(next)).status, 401, late);
    assert.deepEqual(await identity.ended(), [sid], late);
    assert.equal((await identity.renew(other.refreshToken)).status, 200, late);
  }
});

test('nobody ends a session by tokens that were never issued', async (t) => {
  const identity = await start(t);
  const { refreshToken, sid } = await identity.opened();
  const bytes = Buffer.from(refreshToken, 'base64url');
  const altered = (from: number) => {
    const copy = Buffer.from(bytes);
    copy[from] = (copy[from] ?? 0) ^ 1;
    return copy.toString('base64url');
  };
  for (const token of [
    ...['x', 'not base64 \u0000', randomUUID(), `${refreshToken}A`, refreshToken.slice(1)],
    ...[altered(0), altered(16), Buffer.alloc(64).toString('base64url')],
    Buffer.concat([Buffer.from(sid.replaceAll('-', ''), 'hex'), Buffer.alloc(48)]).toString(
      'base64url',
    ),
  ]) {
    const { status, body } = await identity.renew(token);
    assert.deepEqual([status, body.code], [401, 'session-ended'], token);
  }
  assert.deepEqual(await identity.ended(), []);
  assert.equal((await identity.renew(refreshToken)).status, 200);
});

test('a session ends at its sign-out, when it is idle, and at its age', async (t) => {
  const identity = await start(t, { SESSION_IDLE_DAYS: '2', SESSION_LIFETIME_DAYS: '3' });
  const { refreshToken, sid } = await identity.opened();
  const end = (customerId: string) =>
    identity.send('POST', '/sessions/end', { customerId, sessionId: sid });
  await end(randomUUID());
  assert.deepEqual(await identity.ended(), [], "another customer's");
  for (let number = 0; number < 2; number++)
    assert.equal((await end(identity.customerId)).status, 200);
  assert.deepEqual(await identity.ended(), [sid]);
  assert.equal((await identity.renew(refreshToken)).status, 401);

  const idle = await identity.opened();
  const expiry = `round(extract(epoch from expires_at - now()) / 3600)::int as hours`;
  const hours = async (id: string) =>
    (await identity.query(`select ${expiry} from sessions where id = '${id}'`))[0].hours;
  assert.equal(await hours(idle.sid), 48);
  await identity.query(`update sessions set created_at = now() - interval '2 days'`);
  const renewed = (await identity.renew(idle.refreshToken)).body.refreshToken ?? '';
  assert.equal(await hours(idle.sid), 24);
  await identity.query('update sessions set expires_at = now()');
  assert.equal((await identity.renew(renewed)).status, 401);
});

test('an account has 100 sessions at most: the one used longest ago ends', async (t) => {
  const identity = await start(t);
  const first = await identity.opened();
  const second = await identity.opened();
  await identity.query(`
    insert into sessions (id, account_id, family_hash, token_hash, client_hash, expires_at, used_at)
    select gen_random_uuid(), account_id, '', '', '', expires_at, now() - interval '1 minute'
      from sessions, generate_series(1, 98) where id = '${first.sid}'`);
  await identity.query(
    `update sessions set used_at = now() - interval '2 minutes' where id = '${first.sid}'`,
  );
  await identity.opened();
  assert.deepEqual(await identity.ended(), [first.sid]);
  assert.equal((await identity.renew(second.refreshToken)).status, 200);
  assert.equal((await identity.renew(first.refreshToken)).status, 401);
});

test('sessions whose tokens have expired are not listed as ended, and pages follow each other', async (t) => {
  const identity = await start(t);
  const { sid } = await identity.opened();
  await identity.query(`
    insert into sessions (id, account_id, family_hash, token_hash, client_hash, expires_at, ended_at)
    select gen_random_uuid(), account_id, '', '', '', expires_at, now()
      from sessions, generate_series(1, 1500) where id = '${sid}'`);
  const old = `update sessions set used_at = now() - interval '16 minutes'
                where id in (select id from sessions where ended_at is not null limit 100)`;
  await identity.query(old);
  const seen = new Set<string>();
  let after = '';
  for (let next: string | null = ''; next !== null; after = `&after=${next}`) {
    const page = await identity.send('GET', `/sessions/ended?withinS=60${after}`, undefined);
    for (const id of page.body.sessions as unknown as string[]) seen.add(id);
    next = page.body.next ?? null;
  }
  assert.equal(seen.size, 1400);
});

test('sessions and reset tokens whose time is over are removed in batches', async (t) => {
  const identity = await start(t);
  for (let number = 0; number < 3; number++) await identity.opened();
  await identity.askReset(ANNA);
  await identity.askReset('nobody@example.com');
  assert.equal(await deleteExpiredSessions(identity.database, 10), 0);
  await identity.query('update sessions set expires_at = now()');
  assert.equal(await deleteExpiredSessions(identity.database, 2), 2);
  assert.equal(await deleteExpiredSessions(identity.database, 2), 1);
  assert.equal(await deleteExpiredResets(identity.database, 10), 0);
  await identity.query('update password_resets set expires_at = now()');
  assert.equal(await deleteExpiredResets(identity.database, 10), 2);
});

test('sessions, reset tokens and attempts whose time is over go without a request', async (t) => {
  const identity = await start(t);
  const [over, ended] = [await identity.opened(), await identity.opened()];
  await identity.send('POST', '/sessions/end', {
    customerId: identity.customerId,
    sessionId: ended.sid,
  });
  await identity.askReset(ANNA);
  await identity.signIn(ANNA, WRONG);
  await identity.query(`update sessions set expires_at = now() where id = '${over.sid}'`);
  await identity.query('update password_resets set expires_at = now()');
  await identity.query('update attempts set resets_at = now()');
  // The retention of a replica begins with its start.
  await startTestIdentity(t, { databaseUrl: identity.databaseUrl });
  await eventually('what is not over', async () => {
    const rows = await identity.query(
      `select id::text from sessions union all select 'reset' from password_resets
        union all select kind from attempts`,
    );
    return rows.length === 1 && rows[0]?.id === ended.sid;
  });
});

test('an end of a session for an id that is no UUID, or of another customer, ends nothing', async (t) => {
  const identity = await start(t);
  const { refreshToken, sid } = await identity.opened();
  const end = (customerId: string, sessionId: string) =>
    identity.send('POST', '/sessions/end', { customerId, sessionId });
  for (const customerId of ['anna', 'auth0|anna', '{', `${identity.customerId} `, randomUUID()]) {
    const { status } = await end(customerId, sid);
    assert.equal(status, customerId.endsWith(' ') ? 400 : 200, customerId);
  }
  for (const sessionId of ['1', '', `${sid}0`]) {
    assert.equal((await end(identity.customerId, sessionId)).status, 400);
  }
  const renewed = await identity.renew(refreshToken);
  assert.equal(renewed.status, 200);
  assert.equal((await end(identity.customerId.toUpperCase(), sid.toUpperCase())).status, 200);
  assert.equal((await identity.renew(renewed.body.refreshToken ?? '')).status, 401);
});

test('a change of the password needs the present one, and ends the other sessions', async (t) => {
  const identity = await start(t);
  const [here, there] = [await identity.opened(), await identity.opened()];
  const wrong = await identity.change(WRONG, OTHER);
  assert.deepEqual([wrong.status, wrong.body.code], [403, 'wrong-password']);
  const token = await identity.askReset(ANNA);
  const changed = await identity.change(PASSWORD, OTHER, { sessionId: here.sid });
  assert.deepEqual(changed.body as object, {
    customerId: identity.customerId,
    email: ANNA,
    ended: [there.sid],
  });
  assert.equal((await identity.renew(here.refreshToken)).status, 200);
  assert.equal((await identity.renew(there.refreshToken)).status, 401);
  assert.equal((await identity.signIn(ANNA, PASSWORD)).status, 401);
  assert.equal((await identity.signIn(ANNA, OTHER)).status, 200);
  assert.equal((await identity.redeem(token ?? '', PASSWORD)).status, 422, 'an earlier letter');
});

test('wrong present passwords are guesses like any other', async (t) => {
  const identity = await start(t, { FAILED_SIGN_INS_PER_ACCOUNT: '2' });
  for (const status of [403, 403, 429]) {
    assert.equal((await identity.change(WRONG, OTHER)).status, status);
  }
  assert.equal((await identity.change(PASSWORD, OTHER)).status, 429);
  assert.equal((await identity.signIn(ANNA)).status, 429);
});

test('a letter resets the password once, within half an hour, and ends all sessions', async (t) => {
  const identity = await start(t, { FAILED_SIGN_INS_PER_ACCOUNT: '1' });
  const { refreshToken, sid } = await identity.opened();
  await identity.signIn(ANNA, WRONG);
  assert.equal((await identity.signIn(ANNA)).status, 429);
  const [first, second] = [
    await identity.askReset('Anna@Example.com'),
    await identity.askReset(ANNA),
  ];
  assert.ok(first !== null && second !== null);
  const stored = JSON.stringify(await identity.query('select * from password_resets'));
  assert.ok(!stored.includes(Buffer.from(first).toString('hex')));

  const weak = await identity.redeem(first, 'password123');
  assert.deepEqual([weak.status, weak.body.code], [400, 'invalid-request']);
  const results = await Promise.all([identity.redeem(first, OTHER), identity.redeem(first, OTHER)]);
  assert.deepEqual(results.map(({ status }) => status).sort(), [200, 422]);
  const { body } = results.find(({ status }) => status === 200) ?? {};
  assert.deepEqual(body as object, { customerId: identity.customerId, email: ANNA, ended: [sid] });
  assert.equal((await identity.renew(refreshToken)).status, 401);
  // The owner, who had forgotten the password, is not kept out by the own failures.
  assert.equal((await identity.signIn(ANNA, OTHER)).status, 200);
  for (const token of [first, second, 'x', randomUUID()]) {
    const { status, body: problem } = await identity.redeem(token, PASSWORD);
    assert.deepEqual([status, problem.code], [422, 'reset-link-invalid'], token);
  }
});

test('a reset token expires, and at most three letters an hour go to an address', async (t) => {
  const identity = await start(t);
  const tokens: (string | null)[] = [];
  for (let number = 0; number < 5; number++) {
    tokens.push(await identity.askReset(ANNA, `192.0.2.${number}`));
  }
  assert.deepEqual(
    tokens.map((token) => token !== null),
    [true, true, true, false, false],
  );
  assert.equal(await identity.askReset('nobody@example.com'), null);
  const rows = await identity.query('select account_id is null as unknown from password_resets');
  assert.equal(rows.length, 6, 'unknown addresses take the same work');
  await identity.query('update password_resets set expires_at = now()');
  assert.equal((await identity.redeem(tokens[0] ?? '', OTHER)).status, 422);
  await identity.query(`update attempts set resets_at = now() where kind = 'letter-resets'`);
  assert.notEqual(await identity.askReset(ANNA), null);
});

test('common passwords and the own address are refused wherever a password is chosen', async (t) => {
  const identity = await start(t);
  const token = (await identity.askReset(ANNA)) ?? '';
  for (const [password, expected] of [
    ['Password123', 'common'],
    ['Anna@example.com', 'address'],
  ] as const) {
    const answers = {
      '/password': await identity.register(ANNA, password),
      '/newPassword': await identity.change(PASSWORD, password),
      '/newPassword ': await identity.redeem(token, password),
    };
    for (const [pointer, { status, body }] of Object.entries(answers)) {
      assert.equal(status, 400);
      const [error] = body.errors as unknown as Record<string, string>[];
      const { detail, ...violation } = error ?? {};
      assert.deepEqual(violation, { pointer: pointer.trim(), rule: 'common-password', expected });
      assert.match(detail ?? '', /парол/);
    }
  }
});

test("the operator's password is a setting: a new one ends the sessions, and no letter resets it", async (t) => {
  const operator = { OPERATOR_EMAIL: 'operator@example.com', OPERATOR_PASSWORD: PASSWORD };
  const identity = await start(t, operator);
  const signedIn = await identity.signIn(operator.OPERATOR_EMAIL);
  const { sub = '' } = decodeJwt(signedIn.body.accessToken ?? '');
  assert.equal(await identity.askReset(operator.OPERATOR_EMAIL), null);
  const changed = await identity.send('PUT', `/accounts/${sub}/password`, {
    currentPassword: PASSWORD,
    newPassword: OTHER,
    clientAddress: '::1',
  });
  assert.deepEqual([changed.status, changed.body.code], [409, 'password-in-settings']);
  // Another replica with the same settings changes nothing.
  const same = await start(t, operator, identity.databaseUrl);
  const renewed = await same.renew(signedIn.body.refreshToken ?? '');
  assert.equal(renewed.status, 200);
  const next = await start(t, { ...operator, OPERATOR_PASSWORD: OTHER }, identity.databaseUrl);
  assert.equal((await next.renew(renewed.body.refreshToken ?? '')).status, 401);
  assert.equal((await next.ended()).length, 1);

  const again = await next.signIn(operator.OPERATOR_EMAIL, OTHER);
  const moved = { OPERATOR_EMAIL: 'boss@example.com', OPERATOR_PASSWORD: OTHER };
  const last = await start(t, moved, identity.databaseUrl);
  assert.equal((await last.renew(again.body.refreshToken ?? '')).status, 401);
});

test('a common password, or its address, as OPERATOR_PASSWORD stops the start', async (t) => {
  const OPERATOR_EMAIL = 'operator.one@example.com';
  for (const OPERATOR_PASSWORD of ['password123', 'Operator.One', 'operatorone1!']) {
    await assert.rejects(
      startTestIdentity(t, { settings: { OPERATOR_EMAIL, OPERATOR_PASSWORD } }),
      (error: Error) =>
        /OPERATOR_PASSWORD is .*choose another/.test(error.message) &&
        !error.message.includes(OPERATOR_PASSWORD),
    );
  }
});
