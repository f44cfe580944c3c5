import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '#harness/system/internal-service.ts';
import { assertInternalProblem as assertProblem } from '#harness/system/raw-http.ts';
import { service } from './service.ts';

test('only the gateway may name an actor, who is a customer id', async (t) => {
  const profiles = await startTestService(t, service);
  const named = (actor: string) => ({ headers: { 'x-actor': actor } });
  const lookUp = { customerIds: ['anna'] };
  const ofNotifications = { caller: 'notifications', ...named('olga') } as const;
  assertProblem(
    await profiles.call('POST', '/contacts/look-up', lookUp, ofNotifications),
    403,
    'forbidden',
  );
  const { status } = await profiles.call('POST', '/contacts/look-up', lookUp, {
    caller: 'notifications',
  });
  assert.equal(status, 200);
  for (const actor of ['ol ga', 'o'.repeat(256), '']) {
    assertProblem(
      await profiles.call('GET', '/profiles/anna', undefined, named(actor)),
      400,
      'invalid-request',
    );
  }
  assertProblem(await profiles.call('GET', '/profiles/anna', undefined, named('olga')), 404);
});

test('the trail of a service is for the gateway alone', async (t) => {
  const profiles = await startTestService(t, service);
  assertProblem(
    await profiles.call('GET', '/audit-trail?limit=1', undefined, { caller: 'notifications' }),
    403,
  );
  const { body } = await profiles.call('GET', '/audit-trail?limit=1');
  assert.deepEqual(body, { data: [], more: false });
});
