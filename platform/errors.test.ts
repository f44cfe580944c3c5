import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeError, needsOperator, OperatorError } from './errors.ts';

const withCode = (message: string, code: string) => Object.assign(new Error(message), { code });

test('the causes follow the message, with codes that it does not name', () => {
  const refused = withCode('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED');
  const untrusted = withCode('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT');
  for (const [error, text] of [
    [new Error('no place', { cause: refused }), 'no place: connect ECONNREFUSED 127.0.0.1:1'],
    [untrusted, 'self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)'],
    [new Error('no place', { cause: 'disk full' }), 'no place: disk full'],
    [withCode('date out of range', '22008'), 'date out of range'],
    [new Error(''), 'Error'],
    ['disk full', 'disk full'],
    [undefined, 'undefined'],
  ] as const) {
    assert.equal(describeError(error), text);
  }
});

test('an aggregate names its errors and their causes, each text once', () => {
  const of = (broker: string, cause: Error) => new Error(`${broker} failed.`, { cause });
  const reset = new Error('read ECONNRESET');
  const error = new AggregateError(
    [of('one', reset), of('two', reset), of('three', new AggregateError([new Error('ETIMEDOUT')]))],
    'Cannot connect to any broker.',
  );
  assert.equal(
    describeError(error),
    'Cannot connect to any broker: one failed: read ECONNRESET, two failed, three failed: ETIMEDOUT',
  );
});

test('a description is bounded, and causes may be circular', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => new Error(`${index}`.repeat(1_000)));
  assert.ok(describeError(new AggregateError(many, 'all')).length < 2_100);
  const circular = new Error('here');
  circular.cause = new Error('there', { cause: circular });
  assert.equal(describeError(circular), 'here: there');
  assert.equal(needsOperator(circular), false);
});

test('a fault that a person must correct is found below others', () => {
  const fault = new OperatorError('wrong password');
  const error = new Error('no broker', { cause: new AggregateError([new Error(''), fault]) });
  assert.equal(needsOperator(error), true);
  assert.equal(describeError(error), 'no broker: Error, wrong password');
});
