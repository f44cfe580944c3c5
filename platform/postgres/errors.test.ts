import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { isConnectionFault, isRowFault, isTransient } from './errors.ts';

function serverError(code: string, more: Partial<pg.DatabaseError> = {}): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError('text', 1, 'error'), { code, ...more });
}

test('a fault that another connection does not have is transient, and is not a row’s', () => {
  const outdated = serverError('0A000', { routine: 'RevalidateCachedQuery' });
  const states = ['25006', '26000', '42P05', '25P03', '25P04', '08P01', '57P01', '57P03'];
  for (const fault of [outdated, ...states.map((state) => serverError(state))]) {
    assert.deepEqual(
      [isConnectionFault(fault), isTransient(fault), isRowFault(fault)],
      [true, true, false],
      String(fault.code),
    );
  }
});

test('a statement error keeps its connection, in whichever language the server speaks', () => {
  for (const code of ['23505', '22003', '0A000', '40001', '40P01', '55P03', '57014', '42P01']) {
    assert.equal(isConnectionFault(serverError(code, { severity: 'ОШИБКА' })), false, code);
  }
  assert.equal(isTransient(serverError('0A000')), false);
});

test('what the server did not say ends the connection', () => {
  assert.equal(isConnectionFault(new Error('timeout exceeded')), true);
  assert.equal(isConnectionFault(new TypeError('x is not a function')), true);
});
