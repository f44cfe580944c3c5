import { problem } from './operation.ts';
import { orderProblems } from './orders.ts';

export const billingProblems = {
  insufficientFunds: problem('insufficient-funds', 'refused', {
    ru: [
      'Недостаточно средств',
      'На кошельке меньше, чем стоит заказ. Пополните кошелёк и закажите снова.',
    ],
    en: [
      'Insufficient funds',
      'The wallet holds less than the order costs. Top it up and order again.',
    ],
  }),
  paymentVoided: problem('payment-voided', 'conflict', {
    ru: ['Оплата отменена', 'Заказ закрыт раньше, чем был оплачен.'],
    en: ['Payment voided', 'The order was closed before it was paid.'],
  }),
  paymentMismatch: problem('payment-mismatch', 'mismatch', {
    ru: ['Другой платёж', 'Для этого заказа решён платёж с другими данными.'],
    en: ['Payment mismatch', 'This order was decided with other data.'],
  }),
  balanceLimit: problem('balance-limit', 'mismatch', {
    ru: ['Превышен предел баланса', 'Баланс не может превышать 9·10^15.'],
    en: ['Balance limit', 'A balance cannot exceed 9·10^15.'],
  }),
  keyReused: orderProblems.keyReused,
  reversalExceedsBalance: problem('reversal-exceeds-balance', 'conflict', {
    ru: [
      'Денег на кошельке меньше',
      'На кошельке меньше денег, чем отмена должна списать. Ничего не изменено.',
    ],
    en: [
      'Reversal exceeds the balance',
      'The wallet holds less than the reversal has to take. Nothing was changed.',
    ],
  }),
  notReversible: problem('not-reversible', 'conflict', {
    ru: ['Операцию нельзя отменить', 'Отменить можно только пополнение.'],
    en: ['Not reversible', 'Only a top-up can be reversed.'],
  }),
} as const;
