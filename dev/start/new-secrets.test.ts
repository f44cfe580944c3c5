import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { call } from '#harness/requests.ts';
import { complaint, ready, temporaryHome } from '#harness/system/start.ts';
import { PASSWORD, rub } from '#harness/system/system.ts';

test('lost secrets are replaced on demand: accounts and money stay', async (t) => {
  const { home, start } = await temporaryHome(t);
  const first = start();
  const url = await ready(first);
  const account = { email: 'anna@example.com', password: PASSWORD };
  await call(url, 'POST', '/v1/registrations', { body: { ...account, name: 'Анна' } });
  const session = await call(url, 'POST', '/v1/sessions', { body: account });
  const headers = { authorization: `Bearer ${session.body.accessToken}` };
  await call(url, 'POST', '/v1/wallet/top-ups', { headers, body: { amount: rub(500) } });

  const meanwhile = start('0', {}, ['--new-secrets']);
  assert.equal(await meanwhile.exited, 1);
  assert.match(complaint(meanwhile), /^Orderbell cannot start: .* stop it first$/);
  first.child.kill('SIGTERM');
  assert.equal(await first.exited, 0, first.printed());

  await rm(join(home, 'secrets.json'));
  await writeFile(join(home, 'postgres-password'), 'lost');
  const refused = start();
  assert.equal(await refused.exited, 1);
  assert.match(
    complaint(refused),
    /^Orderbell cannot start: .*secrets\.json is missing\. .*\.md\.$/,
  );

  const renewed = start('0', {}, ['--new-secrets']);
  const again = await ready(renewed);
  assert.match(renewed.printed(), /Operator {3,}operator@localhost\.localdomain {2}\S{20,}/);
  const stale = await call(again, 'GET', '/v1/wallet', { headers });
  assert.equal(stale.status, 401);
  const { refreshToken } = session.body;
  const goneOn = await call(again, 'POST', '/v1/sessions/renewal', { body: { refreshToken } });
  assert.equal(goneOn.status, 200);
  const { body } = await call(again, 'POST', '/v1/sessions', { body: account });
  const wallet = await call(again, 'GET', '/v1/wallet', {
    headers: { authorization: `Bearer ${body.accessToken}` },
  });
  assert.deepEqual(wallet.body.balance, rub(500));
  const names = await readdir(home);
  assert.ok(
    names.some((name) => name.startsWith('postgres-password.old-')),
    String(names),
  );
  renewed.child.kill('SIGTERM');
  assert.equal(await renewed.exited, 0, renewed.printed());
});
