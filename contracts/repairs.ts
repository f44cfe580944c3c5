import { type Static, Type } from 'typebox';
import {
  auditQuery,
  CustomerId,
  choice,
  lineOfText,
  Money,
  OperatorReason,
  strictObject,
  Timestamp,
  Uuid,
} from './common.ts';
import { problem } from './operation.ts';
import { REASON_MAX } from './patterns.ts';

/** The remedy for contradicting records after a restore (docs/how-to). */
export const Remedy = choice(
  'charge-again',
  'record-decision',
  'reverse-charge',
  'publish-again',
  'acknowledge',
  'write-off',
  'wait',
  'by-hand',
);
export type Remedy = Static<typeof Remedy>;

/** Remedies that a repair performs, and that it records. */
export const RepairStep = choice(
  'charge-again',
  'record-decision',
  'reverse-charge',
  'publish-again',
  'acknowledge',
  'write-off',
);
export type RepairStep = Static<typeof RepairStep>;

/** Each remedy's effect on records, money and letters. */
export const remedyTexts: Record<Remedy, { ru: string; en: string }> = {
  'charge-again': {
    ru: 'Записать решение и списание заново под тем же номером операции. С кошелька спишется сумма заказа, если она там есть.',
    en: 'Record the decision and its charge again under the same operation id. The wallet pays the order once more, if it holds enough.',
  },
  'record-decision': {
    ru: 'Записать решение, с которым завершён заказ. Деньги не двигаются; списать их за этот заказ больше нельзя.',
    en: 'Record the decision that the order ended with. No money moves, and nothing can charge this order later.',
  },
  'reverse-charge': {
    ru: 'Вернуть списание на кошелёк отдельной операцией, связанной с ним.',
    en: 'Give the charge back to the wallet by a linked reversal.',
  },
  'publish-again': {
    ru: 'Опубликовать то же самое событие ещё раз. Клиент может получить письмо второй раз.',
    en: 'Publish the very same event again. The customer may get the letter a second time.',
  },
  acknowledge: {
    ru: 'Отметить как известное: исправлять нечего. Ни деньги, ни письма не меняются.',
    en: 'Record it as known: there is nothing to undo. Neither money nor letters change.',
  },
  'write-off': {
    ru: 'Списать долг: заказ остаётся оплаченным, решение записывается как аннулированное. Деньги не двигаются.',
    en: 'Write the order off: it stays paid, its decision is recorded as voided. No money moves.',
  },
  wait: {
    ru: 'Подождать: восстановление завершит заказ само, потом сверьте ещё раз.',
    en: 'Wait: recovery ends the order by itself; then run the reconciliation again.',
  },
  'by-hand': {
    ru: 'Разобраться вручную: восстановление одной базы такого не вызывает.',
    en: 'Investigate by hand: restoring one database does not cause this.',
  },
};

/** Why a step is not done. The other steps are done all the same. */
export const RepairRefusal = choice('insufficient-funds', 'dead-letter', 'changed');
export type RepairRefusal = Static<typeof RepairRefusal>;

/** `left`: the remedy is none that a repair performs. */
export const RepairState = choice('planned', 'done', 'refused', 'left');
export type RepairState = Static<typeof RepairState>;

export const repairTexts: Record<
  Exclude<RepairState, 'refused'> | RepairRefusal,
  { ru: string; en: string }
> = {
  planned: { ru: 'Будет сделано.', en: 'Will be done.' },
  done: { ru: 'Сделано.', en: 'Done.' },
  left: { ru: 'Остаётся как есть.', en: 'Left as it is.' },
  'insufficient-funds': {
    ru: 'На кошельке меньше, чем стоит заказ. Сначала внесите потерянные пополнения; если их нет, спишите долг.',
    en: 'The wallet holds less than the order costs. Enter the lost top-ups first; if there are none, write the order off.',
  },
  'dead-letter': {
    ru: 'Событие не смогло стать письмом: перечитайте его среди необработанных.',
    en: 'The event could not become a letter: redrive its dead letter instead.',
  },
  changed: {
    ru: 'Записи изменились с тех пор, как их прочитали. Запустите ещё раз.',
    en: 'The records changed since they were read. Run it again.',
  },
};

/** The operator and the reason: stored with every step. */
export const repairAuthor = { reason: OperatorReason, madeBy: CustomerId };

/** A step that was done, recorded in the transaction that did it. */
export const Repair = strictObject({
  id: Uuid,
  step: RepairStep,
  orderId: Uuid,
  letterId: Type.Optional(Uuid),
  operationId: Type.Optional(Uuid),
  customerId: Type.Optional(CustomerId),
  /** The change of the wallet, negative for a charge. */
  amount: Type.Optional(Money),
  reason: lineOfText(REASON_MAX),
  madeBy: CustomerId,
  at: Timestamp,
});
export type Repair = Static<typeof Repair>;

/** Whether a step was done now, or had been before. */
export const RepairResult = strictObject({ state: choice('done', 'already') });
export type RepairResult = Static<typeof RepairResult>;

/** A service's own repairs; ids are UUIDv7, so that lists of several services merge by id. */
export const repairList = {
  method: 'GET',
  path: '/repairs',
  summary: 'Steps of repairs that changed data of this service, newest first',
  callers: ['gateway'],
  query: auditQuery({ before: Type.Optional(Uuid) }),
  responses: { 200: strictObject({ data: Type.Array(Repair) }) },
} as const;

export const repairProblems = {
  repairRefused: problem('repair-refused', 'conflict', {
    ru: [
      'Исправление не подходит',
      'Записи изменились или противоречат исправлению. Сверьте ещё раз.',
    ],
    en: [
      'Repair refused',
      'The records changed or contradict the repair. Run the reconciliation again.',
    ],
  }),
} as const;
