import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  foreignAnswers,
  foreignOrderAnswers,
  type RawAnswer,
  type Replacement,
} from '#harness/foreign-answers.ts';
import { commonProblems, type ProblemType } from '../platform/errors.ts';
import { problemTypeUri, statusOf } from '../platform/http/problem.ts';
import { answerRules } from './answer-shapes.ts';
import {
  judgeAnswer,
  problemStatuses,
  type ReceivedAnswer,
  receiveAnswer,
  type SentRequest,
} from './answers.ts';
import * as gateway from './gateway.ts';
import * as operator from './operator.ts';

const ID = '0198c0de-1111-7000-8000-000000000000';
const KEY = 'monday';
const rub = (amount: number) => ({ amount, currency: 'RUB' });
const items = [
  { name: 'Книга', quantity: 2, unitPrice: rub(30_000) },
  { name: 'Чай', sku: 't-1', quantity: 1, unitPrice: rub(5) },
];
const order = {
  id: ID,
  customerId: ID,
  status: 'Paid',
  statusReason: null as string | null,
  statusLabel: 'Оплачен',
  items,
  total: rub(60_005),
  payment: { operationId: ID } as { operationId: string } | null,
  version: 2,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};
const pending = { ...order, status: 'Pending', payment: null, version: 1 };
const operation = {
  id: ID,
  type: 'top_up',
  amount: rub(500),
  balanceAfter: rub(700),
  orderId: null,
  createdAt: '2026-01-01T00:00:00.000Z',
};
const ordering: SentRequest = { method: 'POST', path: '/v1/orders', body: { items }, key: KEY };
const toppingUp: SentRequest = {
  method: 'POST',
  path: '/v1/wallet/top-ups',
  body: { amount: rub(500) },
  key: KEY,
};

function raw(status: number, body: unknown, type = 'application/json; charset=utf-8'): RawAnswer {
  const headers = { 'content-type': type, 'idempotency-key': KEY };
  return { status, headers, body: JSON.stringify(body) };
}

function received({ status, headers, body }: RawAnswer): ReceivedAnswer {
  return { status, header: (name) => headers[name] ?? null, text: body.toString() };
}

const judge = (sent: SentRequest, answer: RawAnswer) => judgeAnswer(sent, received(answer));

function problemAnswer({ kind, code }: ProblemType, extra: Record<string, unknown> = {}) {
  const status = statusOf({ kind } as ProblemType);
  const type = problemTypeUri(code);
  const text = { title: 'x', detail: 'x', instance: '/', traceId: 'x', retryable: false };
  return raw(status, { type, status, code, ...text, ...extra }, 'application/problem+json');
}

const operations = [...Object.values(gateway), ...Object.values(operator)].flatMap((value) =>
  typeof value === 'object' && 'operationId' in value ? [value] : [],
);

test('every operation of the public API has its rule, with its success statuses', () => {
  const expected = operations.map(({ method, path, responses }) => [
    `${method} ${path}`,
    Object.keys(responses),
  ]);
  const rules = [...answerRules].map(([name, { bodies }]) => [name, Object.keys(bodies)]);
  const sorted = (rows: unknown[][]) => rows.toSorted((a, b) => (`${a[0]}` < `${b[0]}` ? -1 : 1));
  assert.deepEqual(sorted(rules), sorted(expected));
});

test('every problem of the public API is known with its status', () => {
  const declared = operations.flatMap((one) => ('problems' in one ? [...one.problems] : []));
  const problems: ProblemType[] = [...Object.values(commonProblems), ...declared];
  const expected = Object.fromEntries(
    problems.map((problem) => [problem.code, statusOf(problem)] as const),
  );
  assert.deepEqual(problemStatuses, expected);
});

test('a paid, a pending and a top-up answer of ours end or keep their request', () => {
  assert.deepEqual(judge(ordering, raw(201, order)), {
    kind: 'success',
    pending: false,
    body: order,
  });
  assert.deepEqual(judge(ordering, raw(202, pending)), {
    kind: 'success',
    pending: true,
    body: pending,
  });
  assert.equal(judge(toppingUp, raw(201, operation)).kind, 'success');
  // Of an older gateway: no echo; of a newer one: another member.
  const { 'idempotency-key': _key, ...headers } = raw(201, order).headers;
  assert.equal(judge(ordering, { ...raw(201, { ...order, more: 1 }), headers }).kind, 'success');
});

const problems: [name: string, answer: RawAnswer, end: string][] = [
  ['400', problemAnswer(commonProblems.invalidRequest), 'refused'],
  ['401', problemAnswer(commonProblems.unauthenticated), 'refused'],
  ['403', problemAnswer(gateway.gatewayProblems.foreignCustomer), 'refused'],
  ['413', problemAnswer(commonProblems.tooLarge), 'refused'],
  ['422', problemAnswer(gateway.placeOrder.problems[3]), 'decided'],
  ['429', problemAnswer(commonProblems.tooMany), 'unknown'],
  ['500', problemAnswer(commonProblems.internal), 'unknown'],
  ['503', problemAnswer(commonProblems.unavailable), 'unknown'],
  ['503 overloaded', problemAnswer(commonProblems.overloaded), 'unknown'],
  [
    '406',
    problemAnswer(gateway.placeOrder.problems[1], {
      order: { ...order, status: 'Cancelled', statusReason: 'insufficient-funds', payment: null },
      balance: rub(5),
      required: rub(60_005),
      shortfall: rub(60_000),
    }),
    'decided',
  ],
  [
    '409',
    problemAnswer(gateway.gatewayProblems.orderVoided, {
      order: { ...order, status: 'Cancelled', statusReason: 'voided', payment: null },
    }),
    'decided',
  ],
  [
    '406 about another order',
    problemAnswer(gateway.placeOrder.problems[1], {
      order: { ...order, status: 'Cancelled', statusReason: 'insufficient-funds', items: [] },
      balance: rub(5),
      required: rub(60_005),
      shortfall: rub(60_000),
    }),
    'unknown',
  ],
  [
    '409 about a paid order',
    problemAnswer(gateway.gatewayProblems.orderVoided, { order }),
    'unknown',
  ],
];

for (const [name, answer, end] of problems) {
  test(`a problem of ours, ${name}, leaves the request ${end}`, () => {
    const judgement = judge(ordering, answer);
    const found = judgement.kind === 'refused' && judgement.decided ? 'decided' : judgement.kind;
    assert.equal(found, end);
  });
}

function neverEnds(sent: SentRequest, real: RawAnswer, replacement: Replacement) {
  const answer = received(replacement(real));
  // The decoder refuses it before anybody looks at it.
  if (answer.header('content-encoding') === 'gzip') return;
  assert.deepEqual(judgeAnswer(sent, answer), { kind: 'unknown', problem: null });
}

for (const [name, replacement] of Object.entries(foreignAnswers)) {
  test(`an answer that is not ours ends nothing: ${name}`, () => {
    neverEnds(ordering, raw(201, order), replacement);
    neverEnds(toppingUp, raw(201, operation), replacement);
  });
}

for (const [name, replacement] of Object.entries(foreignOrderAnswers)) {
  test(`an answer that is not about this order ends nothing: ${name}`, () => {
    neverEnds(ordering, raw(201, order), replacement);
  });
}

test('an answer to another operation, letter or contact ends nothing', () => {
  assert.equal(judge(ordering, raw(201, operation)).kind, 'unknown');
  assert.equal(judge(toppingUp, raw(201, order)).kind, 'unknown');
  assert.equal(judge(toppingUp, raw(201, { ...operation, type: 'charge' })).kind, 'unknown');
  const path = '/v1/operator/letters/0198c0de-2222-7000-8000-000000000000/resend';
  const letter = { id: ID, orderId: ID, kind: 'grief', state: 'queued', attempts: [] };
  assert.equal(judge({ method: 'POST', path }, raw(200, letter)).kind, 'unknown');
  const contact = { email: 'anna@example.com', name: 'Анна', locale: 'ru' };
  const put = { method: 'PUT', path: '/v1/profile', body: contact };
  const stored = { customerId: ID, ...contact };
  assert.equal(judge(put, raw(200, stored)).kind, 'success');
  assert.equal(judge(put, raw(200, { ...stored, name: 'Ева' })).kind, 'unknown');
});

test('no JSON at all, under any status and type, ends an order or breaks the judge', () => {
  const types = fc.constantFrom('application/json', 'application/problem+json', 'text/html', '');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999 }), types, fc.json(), (status, type, body) => {
      const headers = { 'content-type': type };
      const judgement = judge(ordering, { status, headers, body });
      assert.deepEqual(judgement, { kind: 'unknown', problem: null });
    }),
  );
});

test('an answer without end is given up', async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1_000_000;
      controller.enqueue(new Uint8Array(1_000_000));
    },
  });
  await assert.rejects(receiveAnswer(new Response(endless)), /more than \d+ bytes/);
  assert.ok(sent < 100_000_000, `${sent}`);
});
