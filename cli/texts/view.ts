/** Texts of the journey and of the overview; part of `texts.ts`. */
export const viewTexts = {
  // Steps of a journey and how they ended.
  'step-request': { ru: 'запрос', en: 'request' },
  'step-create': { ru: 'создать заказ', en: 'create the order' },
  'step-recover': { ru: 'завершить за клиента', en: 'recover the order' },
  'step-decide': { ru: 'решить об оплате', en: 'decide the payment' },
  'step-record': { ru: 'записать решение', en: 'record the decision' },
  'step-answer': { ru: 'ответ', en: 'answer' },
  'step-publish': { ru: 'опубликовать событие', en: 'publish the event' },
  'step-receive': { ru: 'прочитать событие', en: 'read the event' },
  'step-contact': { ru: 'спросить адрес', en: 'ask for the address' },
  'step-send': { ru: 'отправить письмо', en: 'send the letter' },
  'step-reply': { ru: 'ответ сервера почты', en: 'mail server answers' },
  'outcome-done': { ru: 'сделано', en: 'done' },
  'outcome-refused': { ru: 'отказ', en: 'refused' },
  'outcome-failed': { ru: 'сбой', en: 'failed' },
  'outcome-unknown': { ru: 'неизвестно', en: 'unknown' },
  'outcome-waiting': { ru: 'ожидается', en: 'waiting' },

  // Overview and books.
  latestOrders: { ru: 'Последние заказы', en: 'Latest orders' },
  ordersByStatus: {
    ru: '{0}: оплачено {1}, отменено {2}, ждут {3}',
    en: '{0}: {1} paid, {2} cancelled, {3} pending',
  },
  perSecond: { ru: 'В секунду', en: 'Per second' },
  rates: {
    ru: 'заказов {0}, оплат {1}, отмен {2}, писем {3}',
    en: '{0} orders, {1} paid, {2} cancelled, {3} letters',
  },
  pendingOrders: { ru: 'Не завершены', en: 'Pending' },
  outbox: { ru: 'Не опубликованы', en: 'Unpublished' },
  lag: { ru: 'Не прочитаны', en: 'Unread' },
  allLetters: { ru: 'Письма', en: 'Letters' },
  lettersByState: {
    ru: 'отправлено {0}, ждут {1}, отправляются {2}, не доставлено {3}',
    en: '{0} sent, {1} queued, {2} sending, {3} failed',
  },
  mailRefused: { ru: 'Почта отказывает', en: 'Mail refused' },
  deadCount: { ru: 'Не стали письмами', en: 'Dead letters' },
  oldest: { ru: '{0}, старейшее {1}', en: '{0}, the oldest {1}' },
  noAnswerFrom: { ru: 'нет ответа', en: 'no answer' },
  elsewhere: { ru: 'публикует другой процесс', en: 'another process publishes' },
  checked: { ru: 'Проверено', en: 'Checked' },
  checkedCounts: {
    ru: 'заказов {0}, событий {1}, писем {2}, кошельков {3}',
    en: '{0} orders, {1} events, {2} letters, {3} wallets',
  },
  onTheWay: { ru: 'В пути', en: 'On the way' },
  onTheWayCounts: {
    ru: 'заказов {0}, событий {1} и {2}, писем {3}',
    en: '{0} orders, {1} and {2} events, {3} letters',
  },
} as const;
