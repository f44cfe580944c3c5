import { orderProblems } from './orders.ts';

export const billingProblems = {
  insufficientFunds: {
    code: 'insufficient-funds',
    kind: 'refused',
    ru: {
      title: 'Недостаточно средств',
      detail: 'На кошельке меньше, чем стоит заказ. Пополните кошелёк и закажите снова.',
    },
    en: {
      title: 'Insufficient funds',
      detail: 'The wallet holds less than the order costs. Top it up and order again.',
    },
  },
  paymentVoided: {
    code: 'payment-voided',
    kind: 'conflict',
    ru: { title: 'Оплата отменена', detail: 'Заказ закрыт раньше, чем был оплачен.' },
    en: { title: 'Payment voided', detail: 'The order was closed before it was paid.' },
  },
  paymentMismatch: {
    code: 'payment-mismatch',
    kind: 'mismatch',
    ru: { title: 'Другой платёж', detail: 'Для этого заказа решён платёж с другими данными.' },
    en: { title: 'Payment mismatch', detail: 'This order was decided with other data.' },
  },
  balanceLimit: {
    code: 'balance-limit',
    kind: 'mismatch',
    ru: { title: 'Превышен предел баланса', detail: 'Баланс не может превышать 9·10^15.' },
    en: { title: 'Balance limit', detail: 'A balance cannot exceed 9·10^15.' },
  },
  keyReused: orderProblems.keyReused,
  reversalExceedsBalance: {
    code: 'reversal-exceeds-balance',
    kind: 'conflict',
    ru: {
      title: 'Денег на кошельке меньше',
      detail: 'На кошельке меньше денег, чем отмена должна списать. Ничего не изменено.',
    },
    en: {
      title: 'Reversal exceeds the balance',
      detail: 'The wallet holds less than the reversal has to take. Nothing was changed.',
    },
  },
  notReversible: {
    code: 'not-reversible',
    kind: 'conflict',
    ru: { title: 'Операцию нельзя отменить', detail: 'Отменить можно только пополнение.' },
    en: { title: 'Not reversible', detail: 'Only a top-up can be reversed.' },
  },
} as const;
