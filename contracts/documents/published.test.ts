import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerUnavailable } from '#platform/broker/port/broker.ts';
import { commonProblems, type ProblemType } from '#platform/errors.ts';
import { statusOf } from '#platform/http/problem.ts';
import * as billing from '../billing.ts';
import * as gateway from '../gateway.ts';
import * as identity from '../identity.ts';
import * as letterAudit from '../letter-audit.ts';
import * as letters from '../notifications.ts';
import * as operator from '../operator.ts';
import * as orderOperations from '../order-operations.ts';
import * as publicOrders from '../orders.ts';
import * as profiles from '../profiles.ts';
import { commonProblems as documented, statusOfKind } from './problems.ts';

const notifications = { ...letters, ...letterAudit };
const orders = { ...publicOrders, ...orderOperations };
const contracts = { billing, gateway, identity, notifications, operator, orders, profiles };

interface Operation {
  operationId: string;
  method: string;
  path: string;
  problems?: readonly ProblemType[];
}

function operationsOf(contract: object): Operation[] {
  return Object.values(contract).filter(
    (value) => typeof value === 'object' && value !== null && 'operationId' in value,
  );
}

const operations = Object.values(contracts).flatMap(operationsOf);

test('every operation has an id of its own, and within a service a place of its own', () => {
  const ids = operations.map(({ operationId }) => operationId);
  assert.ok(ids.length > 25, 'the operations were not found');
  assert.deepEqual(repeated(ids), []);
  for (const contract of Object.values(contracts)) {
    const places = operationsOf(contract).map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(repeated(places), []);
  }
});

test('every operation has the name that its contract exports it by', () => {
  for (const [name, contract] of Object.entries(contracts)) {
    for (const [exported, value] of Object.entries(contract)) {
      const { operationId } = (value ?? {}) as { operationId?: string };
      if (operationId !== undefined) assert.equal(exported, operationId, name);
    }
  }
});

/** Every declared problem, once: several operations may declare the same object. */
const problems = new Set<ProblemType>([
  ...Object.values(commonProblems),
  brokerUnavailable,
  ...Object.values(contracts)
    .flatMap((contract) => Object.entries(contract))
    .filter(([name]) => name.endsWith('Problems'))
    .flatMap(([, group]) => Object.values(group as Record<string, ProblemType>)),
  ...operations.flatMap((operation) => operation.problems ?? []),
]);

test('every problem code is declared once, so it has one kind', () => {
  const codes = [...problems].map(({ code }) => code);
  assert.ok(codes.length > 20, 'the problems were not found');
  assert.deepEqual(repeated(codes), []);
  for (const code of codes) assert.match(code, /^[a-z]+(-[a-z]+)*$/);
});

test('a problem is described with the status that it is answered with', () => {
  for (const [kind, status] of Object.entries(statusOfKind)) {
    assert.equal(statusOf({ kind } as ProblemType), status, kind);
  }
});

test('problems of every service are described with their own texts', () => {
  for (const [name, { code, kind, en }] of Object.entries(documented)) {
    const { [name as 'internal']: own } = commonProblems;
    assert.deepEqual({ code: own.code, kind: own.kind, en: own.en }, { code, kind, en });
  }
});

test('every problem has title and detail in Russian and in English', () => {
  for (const { code, ru, en } of problems) {
    for (const text of [ru.title, ru.detail]) assert.match(text, /[а-яё]/i, code);
    for (const text of [en.title, en.detail]) {
      assert.match(text, /[a-z]/i, code);
      assert.doesNotMatch(text, /[а-яё]/i, code);
    }
    for (const { title, detail } of [ru, en]) {
      assert.ok(!title.endsWith('.') && detail.endsWith('.'), `${code}: ${title} / ${detail}`);
    }
  }
});

test('every status has a label in Russian and in English', () => {
  const { enum: statuses } = orders.OrderStatus as unknown as { enum: string[] };
  assert.deepEqual(Object.keys(gateway.statusLabels).sort(), [...statuses].sort());
  for (const { ru, en } of Object.values(gateway.statusLabels)) {
    assert.match(ru, /^[А-Яа-яё ]+$/);
    assert.match(en, /^[A-Za-z ]+$/);
  }
});

function repeated(words: string[]): string[] {
  return words.filter((word, index) => words.indexOf(word) !== index);
}
