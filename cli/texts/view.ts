/** Texts of the journey and the overview; part of `messages.ts`. */
export const viewTexts = {
  // Steps of a journey and their outcomes.
  'step-request': { ru: 'новый заказ', en: 'new order' },
  'step-create': { ru: 'создание заказа', en: 'create order' },
  'step-recover': { ru: 'восстановление', en: 'recovery' },
  'step-decide': { ru: 'решение об оплате', en: 'decide payment' },
  'step-record': { ru: 'запись решения', en: 'record decision' },
  'step-answer': { ru: 'ответ', en: 'response' },
  'step-publish': { ru: 'публикация события', en: 'publish event' },
  'step-receive': { ru: 'получение события', en: 'receive event' },
  'step-contact': { ru: 'адрес клиента', en: 'customer address' },
  'step-send': { ru: 'отправка письма', en: 'send letter' },
  'step-reply': { ru: 'ответ почты', en: 'mail response' },
  'outcome-done': { ru: 'успешно', en: 'done' },
  'outcome-refused': { ru: 'отказ', en: 'refused' },
  'outcome-failed': { ru: 'сбой', en: 'failed' },
  'outcome-unknown': { ru: 'неизвестно', en: 'unknown' },
  'outcome-waiting': { ru: 'ожидается', en: 'waiting' },

  // How a journey ended, and what comes next.
  waited: { ru: 'Клиент ждал', en: 'Client waited' },
  trace: { ru: 'Трассировка', en: 'Trace' },
  'ending-open': { ru: 'Заказ ещё в пути.', en: 'Still in progress.' },
  'ending-delivered': {
    ru: 'Всё сделано: почтовый сервер принял письмо.',
    en: 'All done: the mail server accepted the letter.',
  },
  'ending-failed': {
    ru: 'Закончилось сбоем: письмо не отправлено. Само оно не уйдёт, нужен оператор.',
    en: 'Ended with a failure: the letter was not sent. It needs an operator.',
  },
  'ending-discarded': {
    ru: 'Закончено без письма: так решил оператор.',
    en: 'Ended without a letter: an operator decided so.',
  },
  'ending-expired': {
    ru: 'Что стало с письмом, уже неизвестно: записи о нём удалены по сроку хранения.',
    en: 'What became of the letter is no longer known: its records are past their retention.',
  },
  nextStep: { ru: 'Дальше: {0}.', en: 'Next: {0}.' },
  'next-decide': { ru: 'решение об оплате', en: 'the payment is decided' },
  'next-record': { ru: 'запись решения в заказ', en: 'the decision is recorded' },
  'next-recover': { ru: 'восстановление завершит заказ', en: 'recovery ends the order' },
  'next-publish': { ru: 'публикация события', en: 'the event is published' },
  'next-receive': { ru: 'создание письма по событию', en: 'the event becomes a letter' },
  'next-send': { ru: 'попытка отправить письмо', en: 'an attempt to send the letter' },
  'next-confirm': {
    ru: 'клиент подтвердит адрес, и письмо уйдёт',
    en: 'the customer confirms the address, then the letter is sent',
  },
  'resentBy-operator': {
    ru: 'Письмо отправлено снова {0}, оператор {1}',
    en: 'Letter sent again at {0} by operator {1}',
  },
  'resentBy-customer': {
    ru: 'Письмо отправлено снова {0}: клиент сменил адрес',
    en: 'Letter sent again at {0}: the customer changed the address',
  },

  // Overview and reconciliation.
  latestOrders: { ru: 'Последние заказы', en: 'Latest orders' },
  ordersByStatus: {
    ru: '{0}: оплачено {1}, отменено {2}, ожидают оплаты {3}',
    en: '{0}: {1} paid, {2} cancelled, {3} pending',
  },
  perSecond: { ru: 'В секунду', en: 'Per second' },
  rates: {
    ru: 'заказов {0}, оплат {1}, отмен {2}, писем {3}',
    en: '{0} orders, {1} paid, {2} cancelled, {3} letters',
  },
  pendingOrders: { ru: 'Ожидают оплаты', en: 'Pending' },
  outbox: { ru: 'Не опубликовано', en: 'Unpublished' },
  lag: { ru: 'Не прочитано', en: 'Unread' },
  allLetters: { ru: 'Письма', en: 'Letters' },
  lettersByState: {
    ru: 'отправлено {0}, в очереди {1}, отправляются {2}, не доставлено {3}',
    en: '{0} sent, {1} queued, {2} sending, {3} undelivered',
  },
  mailPaused: { ru: 'Почтовый сервер на паузе', en: 'Mail server paused' },
  mailRefused: { ru: 'Почтовый сервер отказывает', en: 'Mail server rejects' },
  unacknowledgedCount: { ru: 'Не доставлено, ждут решения', en: 'Undelivered, not acknowledged' },
  deadCount: { ru: 'Необработанные события', en: 'Dead letters' },
  oldest: { ru: '{0}, максимальное ожидание {1}', en: '{0}, oldest {1}' },
  noAnswerFrom: { ru: 'нет ответа', en: 'no response' },
  elsewhere: { ru: 'публикует внешний процесс', en: 'published by an external process' },
  checked: { ru: 'Проверено', en: 'Checked' },
  checkedCounts: {
    ru: 'заказов {0}, событий {1}, писем {2}, кошельков {3}',
    en: '{0} orders, {1} events, {2} letters, {3} wallets',
  },
  onTheWay: { ru: 'В работе', en: 'In progress' },
  onTheWayCounts: {
    ru: 'заказов {0}, событий не опубликовано {1}, не прочитано {2}, писем {3}',
    en: '{0} orders, {1} unpublished and {2} unread events, {3} letters',
  },
} as const;
