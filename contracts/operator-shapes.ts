import { filled, integer, listOf, nullOr, object, text, truth, uuid } from './shapes.ts';

// The shapes of answers that only operators get, as far as clients rely on them (answer-shapes.ts).

export const foundCustomer = object({
  customerId: filled,
  name: text,
  email: text,
  locale: filled,
  balance: nullOr(object({ amount: integer, currency: filled })),
});

export const hit = object({ kind: filled, id: filled, matched: filled });

export const repairs = object({
  complete: truth,
  nextCursor: nullOr(text),
  steps: listOf(object({})),
});

export const deadLetter = object({ id: uuid, state: filled, error: text });

export const ledger = object({
  ok: truth,
  complete: truth,
  nextCursor: nullOr(text),
  checked: object({}),
  waiting: object({}),
  differences: listOf(object({})),
});

export const auditEntry = object({
  id: uuid,
  at: filled,
  service: filled,
  actor: nullOr(filled),
  action: filled,
  subject: object({}),
});
