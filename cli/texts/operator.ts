import type { Language } from './messages.ts';

/** Texts of the operator's search, lists and repairs of letters; part of `messages.ts`. */
export const operatorTexts = {
  // Commands.
  search: {
    ru: 'найти заказ, клиента, письмо или операцию',
    en: 'find an order, customer, letter or transaction',
  },
  operatorOrders: { ru: 'заказы всех клиентов', en: 'orders of all customers' },
  settle: {
    ru: 'завершить ожидающий заказ сейчас: деньги списаны — оплачен, не списаны — отменён',
    en: 'end a pending order now: Paid if its payment was made, otherwise Cancelled',
  },
  customerView: {
    ru: 'клиент на одном экране: профиль, кошелёк, заказы, письма',
    en: 'a customer in one view: profile, wallet, orders, letters',
  },
  operatorOperation: {
    ru: 'одна операция и её отмена',
    en: 'one transaction, and its reversal',
  },
  acknowledge: {
    ru: 'принять к сведению: с этими недоставленными письмами делать ничего не нужно',
    en: 'acknowledge failed letters: nothing is to be done about them',
  },
  letterTemplates: { ru: 'версии шаблонов писем', en: 'versions of the letter templates' },
  deadLetterShow: { ru: 'одно событие целиком', en: 'one dead letter in full' },
  discard: {
    ru: 'отклонить события: писем по ним не будет',
    en: 'discard dead letters: they will never become letters',
  },

  // Options.
  optionFrom: { ru: 'созданные начиная с этого времени', en: 'created at or after this time' },
  optionMadeUntil: { ru: 'созданные до этого времени', en: 'created before this time' },
  optionMin: { ru: 'сумма не меньше', en: 'amount of at least' },
  optionMax: { ru: 'сумма не больше', en: 'amount of at most' },
  optionOfCustomer: {
    ru: 'только этого клиента (id или почта)',
    en: 'only of this customer (ID or e-mail)',
  },
  optionCancelReason: { ru: 'только с этой причиной отмены', en: 'only cancelled for this reason' },
  optionSort: { ru: 'порядок', en: 'order of the list' },
  optionType: { ru: 'только этого вида', en: 'only of this type' },
  optionAllPages: { ru: 'показать все', en: 'show all' },
  optionCsv: { ru: 'вывести как CSV', en: 'print as CSV' },
  optionLettersFilter: { ru: 'только с этим языком писем', en: 'only with this letter language' },
  optionConfirmed: { ru: 'только с подтверждённым адресом', en: 'only with a confirmed address' },
  optionUnconfirmed: {
    ru: 'только с неподтверждённым адресом',
    en: 'only without a confirmed address',
  },
  optionAcknowledged: { ru: 'только принятые к сведению', en: 'only acknowledged ones' },
  optionUnacknowledged: {
    ru: 'только не принятые к сведению',
    en: 'only those not acknowledged',
  },
  optionAcknowledgeReason: {
    ru: 'почему делать ничего не нужно, до 200 символов',
    en: 'why nothing is to be done, up to 200 characters',
  },
  optionDiscardReason: {
    ru: 'почему письма не будет, до 200 символов',
    en: 'why there will be no letter, up to 200 characters',
  },
  optionSettleReason: {
    ru: 'почему заказ завершается сейчас, до 200 символов',
    en: 'why it is ended now, up to 200 characters',
  },
  optionTemplate: {
    ru: 'версия шаблона; по умолчанию та, с которой письмо создано',
    en: 'template version; default: the one the letter has',
  },
  optionPreviewLanguage: {
    ru: 'язык письма; по умолчанию язык клиента',
    en: "letter language; default: the customer's",
  },
  optionResendWait: {
    ru: 'сколько секунд ждать результата отправки писем',
    en: 'seconds to wait for the result when letters are given',
  },
  optionNoWait: { ru: 'не ждать результата', en: 'do not wait for the result' },

  // Errors.
  csvOrJson: {
    ru: '--csv и --json нельзя указать вместе. Уберите один из них.',
    en: '--csv and --json cannot be combined. Remove one of them.',
  },
  emptySearch: {
    ru: 'Искать нечего. Укажите номер, id, почту или ссылку.',
    en: 'Nothing to search for. Give a number, an ID, an e-mail or a link.',
  },
  minAboveMax: {
    ru: '--min {0} больше, чем --max {1}. Поменяйте их местами.',
    en: '--min {0} is above --max {1}. Swap them.',
  },
  badTemplate: {
    ru: '«{0}» — не версия шаблона. Версии показывает команда letter-templates.',
    en: '"{0}" is not a template version. The command letter-templates lists them.',
  },
  badOrder: {
    ru: '«{0}» — не номер заказа. Подойдут номер (7K3QX-0M2RT), id ({1}), первые 8 или больше знаков id или ссылка на заказ.',
    en: '"{0}" does not name an order. Use its number (7K3QX-0M2RT), its ID ({1}), the first 8 or more characters of the ID, or a link to it.',
  },
  noOrder: {
    ru: 'Заказ «{0}» не найден. Проверьте номер.',
    en: 'No order found for "{0}". Check the number.',
  },
  severalOrders: {
    ru: '«{0}» подходит к нескольким заказам. Укажите id одного из них:',
    en: 'Several orders match "{0}". Specify the ID of one:',
  },
  noLetterOf: {
    ru: 'У заказа «{0}» ещё нет письма.',
    en: 'Order "{0}" has no letter yet.',
  },

  // Results.
  moreOfCustomer: {
    ru: 'Показаны последние. Остальное — в списках с условием по клиенту.',
    en: 'Only the latest are shown. The lists, filtered by customer, have the rest.',
  },
  titleOperations: { ru: 'Операции кошелька', en: 'Wallet transactions' },
  titleOrders: { ru: 'Заказы', en: 'Orders' },
  titleLetters: { ru: 'Письма', en: 'Letters' },
  'kind-order': { ru: 'заказ', en: 'order' },
  'kind-customer': { ru: 'клиент', en: 'customer' },
  'kind-letter': { ru: 'письмо', en: 'letter' },
  'kind-operation': { ru: 'операция', en: 'transaction' },
  'status-Pending': { ru: 'Ожидает оплаты', en: 'Awaiting payment' },
  'status-Paid': { ru: 'Оплачен', en: 'Paid' },
  'status-Cancelled': { ru: 'Отменен', en: 'Cancelled' },
  resendRefused: { ru: '{0}: не отправлено. {1}', en: '{0}: not sent again. {1}' },
  resentSent: { ru: '{0}: письмо отправлено.', en: '{0}: the letter was sent.' },
  resentFailed: { ru: '{0}: снова не доставлено: {1}', en: '{0}: failed again: {1}' },
  resentLater: {
    ru: '{0}: пока не удалось, отправка повторится: {1}.',
    en: '{0}: failed for now and will be retried: {1}.',
  },
  resentOpen: {
    ru: '{0}: результата ещё нет. Посмотреть позже: {1}',
    en: '{0}: no result yet. Look later: {1}',
  },
  acknowledgedNow: { ru: 'Принято к сведению: {0}.', en: 'Acknowledged: {0}.' },
  acknowledgeRefused: {
    ru: 'Пропущено: {0}. Такие письма не найдены, доставлены, ещё отправляются или приняты раньше.',
    en: 'Skipped: {0}. These letters are unknown, have not failed, or were acknowledged before.',
  },
  discardedNow: { ru: 'Отклонено: {0}.', en: 'Discarded: {0}.' },
  discardRefused: {
    ru: 'Пропущено: {0}. Такие события не найдены, обработаны или отклонены раньше.',
    en: 'Skipped: {0}. These events are unknown, processed, or were discarded before.',
  },

  // Names of values.
  acknowledged: { ru: 'Принято к сведению', en: 'Acknowledged' },
  acknowledgedIn: { ru: 'принято к сведению: {0}', en: 'acknowledged: {0}' },
  nextAttempt: { ru: 'Следующая попытка', en: 'Next attempt' },
  template: { ru: 'Шаблон', en: 'Template' },
  'source-built-in': { ru: 'встроенный', en: 'built-in' },
  'source-own': { ru: 'свой', en: 'own' },
  yes: { ru: 'да', en: 'yes' },
  balanceAfter: { ru: 'Остаток', en: 'Balance after' },
  reverses: { ru: 'Отменяет операцию', en: 'Reverses' },
  reversedBy: { ru: 'Отменена', en: 'Reversed by' },
  redrives: { ru: 'Повторных попыток', en: 'Times retried' },
  redrivenAt: { ru: 'Обработано', en: 'Processed' },
  discardedAt: { ru: 'Отклонено', en: 'Discarded' },
  messageKey: { ru: 'Ключ', en: 'Key' },
  messageValue: { ru: 'Содержимое', en: 'Value' },
} as const satisfies Record<string, Record<Language, string>>;
