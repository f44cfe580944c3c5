import { repairTexts } from './repair-texts.ts';
import { viewTexts } from './view-texts.ts';

export type Language = 'ru' | 'en';

/** Every text of the command line but the API's own; `{0}` is the first value put in. */
const texts = {
  ...repairTexts,
  ...viewTexts,
  // Help.
  about: {
    ru: 'Заказы оплачиваются из кошелька сразу, письма приходят потом.',
    en: 'Orders are paid from the wallet at once; letters come afterwards.',
  },
  tour: {
    ru: `Orderbell: заказ оплачивается из кошелька сразу, письмо приходит потом.

Пять команд, пока работает npm start:

  {0} register anna@example.com --name Анна
  {0} top-up 1000
  {0} order "Книга:2@300"
  {0} letters
  {0} journey

Все команды: {0} --help; об одной: {0} help order`,
    en: `Orderbell: an order is paid from the wallet at once, a letter comes afterwards.

Five commands, while npm start runs:

  {0} register anna@example.com --name Anna
  {0} top-up 1000
  {0} order "Book:2@300"
  {0} letters
  {0} journey

All commands: {0} --help; about one of them: {0} help order`,
  },
  ending: {
    ru: `Коды выхода:
  0 сделано             3 заказ отменён             6 вход не выполнен или истёк
  1 отказ или сбой      4 заказ ещё не завершён
  2 неверный вызов      5 нет ответа, исход неизвестен

Переменные: ORDERBELL_URL (адрес системы; без неё — той, что работает в этой папке), ORDERBELL_TOKEN (токен вместо входа).
Для программ: npm run -s orderbell -- … --json`,
    en: `Exit codes:
  0 done                3 the order was cancelled   6 not signed in, or expired
  1 refused or failed   4 the order is pending
  2 wrong usage         5 no answer, outcome unknown

Variables: ORDERBELL_URL (where the system is; the one that runs in this folder if unset), ORDERBELL_TOKEN (instead of signing in).
For programs: npm run -s orderbell -- … --json`,
  },
  example: { ru: 'Пример:', en: 'Example:' },
  optionUrl: { ru: 'адрес системы', en: 'where the system is' },
  optionLang: { ru: 'язык текстов: ru или en', en: 'language of texts: ru or en' },
  optionJson: {
    ru: 'напечатать ответ API как есть',
    en: "print the API's answer as it came",
  },
  optionHelp: { ru: 'показать справку', en: 'show help' },
  commandHelp: { ru: 'справка о команде', en: 'help for a command' },
  optionPassword: {
    ru: 'пароль; без него программа спросит',
    en: 'the password; asked for when absent',
  },
  optionName: { ru: 'имя для писем', en: 'name for letters' },
  optionLetters: { ru: 'язык писем: ru или en', en: 'language of letters: ru or en' },
  optionEmail: { ru: 'куда приходят письма', en: 'where letters go' },
  optionOperator: {
    ru: 'войти оператором; пароль берётся из .orderbell/operator-password',
    en: 'as the operator; the password is that of .orderbell/operator-password',
  },
  optionKey: {
    ru: 'Idempotency-Key: с ним же запрос никогда не выполняется дважды',
    en: 'Idempotency-Key: with the same one a request is never done twice',
  },
  optionWait: {
    ru: 'сколько секунд повторять, пока нет ответа',
    en: 'seconds to repeat while there is no answer',
  },
  optionCurrency: {
    ru: 'валюта; без неё — валюта кошелька',
    en: "currency; the wallet's if absent",
  },
  optionYes: { ru: 'не спрашивать подтверждения', en: 'do not ask for confirmation' },
  optionReason: {
    ru: 'причина, до 200 знаков; её увидит и клиент',
    en: 'why, up to 200 characters; the customer sees it too',
  },
  optionStatus: { ru: 'только с этим статусом', en: 'only with this status' },
  optionState: { ru: 'только в этом состоянии', en: 'only in this state' },
  optionLimit: { ru: 'сколько показать, до 100', en: 'how many, up to 100' },
  optionAllOrders: { ru: 'все, а не одну страницу', en: 'all of them, not one page' },
  optionSince: { ru: 'не доставлены с этого момента', en: 'that failed at this time or later' },
  optionUntil: { ru: 'не доставлены до этого момента', en: 'that failed before this time' },
  optionFailure: { ru: 'причина содержит этот текст', en: 'whose reason contains this text' },
  optionKind: { ru: 'только письма', en: 'only letters of' },
  optionAllFailed: { ru: 'все недоставленные', en: 'all that failed' },
  optionDryRun: { ru: 'только посчитать', en: 'only count them' },
  optionAllDead: { ru: 'все сообщения', en: 'all messages' },
  optionWatch: { ru: 'показывать, пока не завершится', en: 'go on until it is complete' },
  optionWatchOverview: { ru: 'обновлять до Ctrl-C', en: 'refresh until Ctrl-C' },
  argItem: {
    ru: 'название[:количество]@цена: "Чай:2@100"; количество от 100 пишется так: "Чай:x500@1"',
    en: 'name[:quantity]@price: "Tea:2@100"; a quantity of 100 or more is written "Tea:x500@1"',
  },
  argAmount: { ru: 'сумма, например 1000', en: 'an amount, such as 1000' },
  argOrder: { ru: 'номер заказа', en: 'id of an order' },
  argLatestOrder: {
    ru: 'номер заказа; без него — последний',
    en: 'id of an order; the latest if absent',
  },
  argLetterOrFilter: {
    ru: 'номер письма; без него — по условию',
    en: 'id of a letter; by filter if absent',
  },
  argLetter: { ru: 'номер письма', en: 'id of a letter' },
  argDeadLetter: { ru: 'номер сообщения', en: 'id of a message' },
  argCustomer: { ru: 'номер или почта клиента', en: 'id or e-mail address of a customer' },
  argOperation: { ru: 'номер операции', en: 'id of an operation' },
  argEmail: { ru: 'адрес почты', en: 'e-mail address' },
  register: { ru: 'завести учётную запись и войти', en: 'create an account and sign in' },
  login: { ru: 'войти', en: 'sign in' },
  logout: { ru: 'выйти: забыть токен', en: 'sign out: forget the token' },
  profile: {
    ru: 'кто вошёл; изменить адрес писем',
    en: 'who is signed in; change where letters go',
  },
  wallet: { ru: 'баланс и последние операции', en: 'balance and latest operations' },
  topUp: { ru: 'пополнить кошелёк', en: 'put money into the wallet' },
  order: { ru: 'заказать и оплатить', en: 'order and pay' },
  orders: { ru: 'мои заказы', en: 'my orders' },
  show: { ru: 'один заказ', en: 'one order' },
  journey: { ru: 'путь заказа через сервисы', en: "an order's way through the services" },
  letters: { ru: 'мои письма', en: 'my letters' },
  letter: { ru: 'одно письмо: текст и попытки', en: 'one letter: its text and attempts' },
  operator: { ru: 'для оператора', en: 'for the operator' },
  overview: { ru: 'как работает система', en: 'how the system is doing' },
  pending: { ru: 'незавершённые заказы', en: 'orders that have not ended' },
  operatorLetters: { ru: 'письма всех клиентов', en: 'letters of all customers' },
  resend: {
    ru: 'отправить письмо сейчас или все недоставленные по условию',
    en: 'send a letter now, or all failed ones that match',
  },
  preview: { ru: 'письмо, каким оно ушло бы сейчас', en: 'a letter as it would go out now' },
  deadLetters: {
    ru: 'сообщения, не ставшие письмами',
    en: 'messages that could not become letters',
  },
  redrive: { ru: 'прочитать сообщение ещё раз', en: 'read a message once more' },
  verify: { ru: 'сверить книги до конца', en: 'compare the books to the end' },
  customers: {
    ru: 'найти клиента: имя, язык, баланс',
    en: 'find a customer: name, language, balance',
  },
  operatorOperations: {
    ru: 'операции кошелька клиента с номерами',
    en: "a customer's wallet operations with their ids",
  },
  operatorTopUp: { ru: 'пополнить кошелёк клиента', en: "top up a customer's wallet" },
  undoTopUp: { ru: 'отменить пополнение', en: 'undo a top-up' },
  operatorJourney: { ru: 'путь любого заказа', en: 'the way of any order' },

  // Faults.
  notSignedIn: {
    ru: 'Вы не вошли в {0}. Войдите: {1}',
    en: 'Nobody is signed in at {0}. Sign in: {1}',
  },
  expired: { ru: 'Вход истёк. Войдите снова: {1}', en: 'The sign-in has expired. Sign in: {1}' },
  unreachable: {
    ru: 'Нет ответа от {0} ({1}). Систему запускает npm start.',
    en: 'No answer from {0} ({1}). npm start starts the system.',
  },
  unexpected: {
    ru: '{0} ответил {1}, но это не ответ Orderbell. Возможно, ответил прокси.',
    en: '{0} answered {1}, but not as Orderbell does. A proxy may have answered.',
  },
  maybeDone: {
    ru: 'Неизвестно, выполнен ли запрос. Команду можно повторить: дважды ничего не выполнится.',
    en: 'Whether it was done is unknown. Repeat the command: nothing is done twice.',
  },
  repeating: {
    ru: 'Ответа пока нет, повторяю.',
    en: 'No answer yet, repeating.',
  },
  again: {
    ru: 'Повторить, не рискуя заплатить дважды:',
    en: 'Repeat it without a risk of paying twice:',
  },
  noPassword: { ru: 'Пароль не введён.', en: 'No password was given.' },
  askPassword: { ru: 'Пароль для {0}: ', en: 'Password of {0}: ' },
  noOperatorPassword: {
    ru: 'Нет файла {0}. Запустите систему здесь или укажите --password.',
    en: 'There is no file {0}. Start the system here, or give --password.',
  },
  emailNeeded: { ru: 'Укажите адрес почты или --operator.', en: 'Give an address or --operator.' },
  badUrl: { ru: '{0} — не адрес http(s).', en: '{0} is no http(s) address.' },
  badWait: { ru: '--wait: число секунд от 0 до 3600.', en: '--wait: seconds from 0 to 3600.' },
  badLimit: { ru: '--limit: число от 1 до 100.', en: '--limit: a number from 1 to 100.' },
  badCurrency: {
    ru: '--currency: код ISO 4217, например RUB.',
    en: '--currency: an ISO 4217 code, such as RUB.',
  },
  badKey: {
    ru: '--key: до 255 печатных символов ASCII без пробелов.',
    en: '--key: up to 255 visible ASCII characters, no spaces.',
  },
  badId: { ru: '{0} — не номер (UUID).', en: '{0} is no id (UUID).' },
  noOrderYet: { ru: 'Заказов ещё нет.', en: 'There is no order yet.' },
  letterOrFilter: {
    ru: 'Укажите номер письма или условие: --since, --until, --reason, --kind, --all.',
    en: 'Give the id of a letter or a filter: --since, --until, --reason, --kind, --all.',
  },
  dryRunOfOne: {
    ru: '--dry-run считает письма по условию; с номером письма его нет.',
    en: '--dry-run counts letters by filter; it does not go with the id of a letter.',
  },
  badMoment: {
    ru: '«{0}» — не дата; нужно, например, 2026-03-05T09:00 или 2026-03-05.',
    en: '"{0}" is no date; 2026-03-05T09:00 or 2026-03-05 would be.',
  },
  badReason: {
    ru: '--reason: от 1 до 200 знаков в одной строке.',
    en: '--reason: 1 to 200 characters on one line.',
  },
  noCustomer: {
    ru: 'Клиента «{0}» нет. Проверьте номер или почту.',
    en: 'There is no customer "{0}". Check the id or the address.',
  },
  severalCustomers: {
    ru: 'С почтой «{0}» несколько клиентов. Укажите номер:',
    en: 'Several customers have the address "{0}". Give the id:',
  },
  yesNeeded: {
    ru: 'Подтверждения нет, ничего не сделано. Без вопроса: --yes.',
    en: 'Not confirmed, so nothing was done. To skip the question, add --yes.',
  },
  notDone: { ru: 'Ничего не сделано.', en: 'Nothing was done.' },
  idOrAll: { ru: 'Укажите номер сообщения или --all.', en: 'Give the id of a message, or --all.' },
  watchOrJson: {
    ru: '--watch и --json вместе не бывают: обновлениям нет конца.',
    en: '--watch and --json do not go together: there is no end to it.',
  },
  badAmount: { ru: '«{0}» не подходит. {1}', en: '"{0}" cannot be used. {1}' },
  'item-no-price': {
    ru: '«{0}»: нет цены; нужно название[:количество]@цена.',
    en: '"{0}" has no price; name[:quantity]@price is needed.',
  },
  'item-no-name': { ru: '«{0}»: нет названия.', en: '"{0}" has no name.' },
  'item-long-name': {
    ru: '«{0}»: название длиннее 200 знаков.',
    en: '"{0}": the name is longer than 200 characters.',
  },
  'item-quantity': {
    ru: '«{0}»: количество — целое число от 1 до 10000.',
    en: '"{0}": the quantity is a whole number from 1 to 10000.',
  },
  'item-ambiguous': {
    ru: '«{0}»: число после двоеточия — количество или часть названия?\n  Одна штука: "{1}"\n  Количество: "{2}"',
    en: '"{0}": is the number after the colon a quantity or a part of the name?\n  One piece: "{1}"\n  A quantity: "{2}"',
  },
  'item-price': { ru: '«{0}»: неверная цена. {1}', en: '"{0}": wrong price. {1}' },

  // Results.
  registered: { ru: 'Учётная запись {0} создана.', en: 'The account {0} was created.' },
  signedIn: { ru: 'Вы вошли как {0} до {1}.', en: 'Signed in as {0} until {1}.' },
  signedOut: { ru: 'Вы вышли из {0}.', en: 'Signed out of {0}.' },
  shortage: {
    ru: 'На кошельке {0}, нужно {1}, не хватает {2}.',
    en: 'The wallet holds {0}, {1} is needed, {2} is short.',
  },
  topUpAndOrder: { ru: 'Пополнить и заказать снова:', en: 'Top up and order again:' },
  toppedUp: { ru: 'Пополнено на {0}, на кошельке {1}.', en: '{0} put in, the wallet holds {1}.' },
  askTopUp: {
    ru: 'Зачислить {0} клиенту {1} ({2})? Сейчас на кошельке: {3}. [y/N] ',
    en: 'Add {0} to the wallet of {1} ({2})? It holds {3} now. [y/N] ',
  },
  unknownBalance: { ru: 'баланс неизвестен', en: 'balance unknown' },
  reversalSums: {
    ru: 'На кошельке {0}, отмена списала бы {1}.',
    en: 'The wallet holds {0}, the reversal would take {1}.',
  },
  undone: {
    ru: 'Пополнение отменено: списано {0}, на кошельке {1}.',
    en: 'The top-up is undone: {0} taken back, the wallet holds {1}.',
  },
  stillPending: {
    ru: 'Чем закончится заказ, пока неизвестно; система завершит его сама.',
    en: 'How the order ends is not known yet; the system ends it by itself.',
  },
  more: { ru: 'Это не всё: --all покажет остальное.', en: 'There is more: --all shows the rest.' },
  moreByLimit: { ru: 'Это не всё, см. --limit.', en: 'There is more, see --limit.' },
  nothing: { ru: 'Пусто.', en: 'Nothing there.' },
  booksAgree: { ru: 'Книги сходятся.', en: 'The books agree.' },
  booksDiffer: { ru: 'Книги расходятся: {0}.', en: 'The books differ: {0}.' },
  becameLetter: { ru: 'Сообщение прочитано.', en: 'The message was read.' },
  stillDead: { ru: 'Снова не прочитано: {0}', en: 'It could not be read again: {0}' },
  redriven: {
    ru: 'Прочитано {0}, отказано {1}, осталось {2}.',
    en: '{0} read, {1} refused, {2} left.',
  },
  resent: { ru: 'Письмо будет отправлено сейчас.', en: 'The letter is tried now.' },
  lettersMatch: { ru: 'Подходит писем: {0}.', en: 'Matching letters: {0}.' },
  lettersResent: { ru: 'Снова в очереди писем: {0}.', en: 'Letters queued again: {0}.' },

  // Names of members.
  customer: { ru: 'Клиент', en: 'Customer' },
  name: { ru: 'Имя', en: 'Name' },
  email: { ru: 'Почта', en: 'E-mail' },
  lettersIn: { ru: 'Язык писем', en: 'Letters in' },
  balance: { ru: 'Баланс', en: 'Balance' },
  orderId: { ru: 'Заказ', en: 'Order' },
  status: { ru: 'Статус', en: 'Status' },
  total: { ru: 'Сумма', en: 'Total' },
  created: { ru: 'Создан', en: 'Placed' },
  top_up: { ru: 'пополнение', en: 'top-up' },
  reversal: { ru: 'отмена операции', en: 'reversal' },
  charge: { ru: 'оплата', en: 'charge' },
  to: { ru: 'Кому', en: 'To' },
  subject: { ru: 'Тема', en: 'Subject' },
  messageId: { ru: 'Message-ID', en: 'Message-ID' },
  state: { ru: 'Состояние', en: 'State' },
  reason: { ru: 'Причина', en: 'Reason' },
  happiness: { ru: 'Письмо счастья', en: 'Letter of happiness' },
  grief: { ru: 'Письмо горя', en: 'Letter of grief' },
  queued: { ru: 'ждёт', en: 'queued' },
  sending: { ru: 'отправляется', en: 'sending' },
  sent: { ru: 'отправлено', en: 'sent' },
  failed: { ru: 'не доставлено', en: 'failed' },
  undelivered: { ru: 'Не доставлены', en: 'Undelivered' },
  attempt: { ru: 'попытка {0}', en: 'attempt {0}' },
  transient: { ru: 'отложено', en: 'put off' },
  permanent: { ru: 'отказ', en: 'refused' },
  outcomeUnknown: { ru: 'исход неизвестен', en: 'outcome unknown' },
  ms: { ru: 'мс', en: 'ms' },
  payment: { ru: 'Решение', en: 'Decision' },
  captured: { ru: 'оплачен', en: 'captured' },
  declined: { ru: 'отклонён: не хватило денег', en: 'declined: too little money' },
  voided: { ru: 'аннулирован', en: 'voided' },
  balanceSeen: { ru: 'на кошельке было {0}', en: 'the wallet held {0}' },
  event: { ru: 'Событие', en: 'Event' },
  eventPlace: {
    ru: 'топик {0}, раздел {1}, смещение {2}',
    en: 'topic {0}, partition {1}, offset {2}',
  },
  eventWaiting: { ru: 'ещё не опубликовано', en: 'not published yet' },
  eventPlaceUnknown: { ru: 'топик {0}, место неизвестно', en: 'topic {0}, place unknown' },
  letterOf: { ru: 'Письмо', en: 'Letter' },
  recovery: { ru: 'Восстановление', en: 'Recovery' },
  recoveryTries: { ru: 'попыток {0}', en: 'tried {0} times' },
  deadLetter: { ru: 'Сообщение', en: 'Dead letter' },
  missingParts: { ru: 'Не ответили: {0}', en: 'Did not answer: {0}' },
  underWay: { ru: 'Ещё не завершено.', en: 'Still under way.' },
} as const satisfies Record<string, Record<Language, string>>;

export type TextKey = keyof typeof texts;
export type Say = (key: TextKey, ...values: (string | number)[]) => string;

/** The texts in one language. */
export function textsIn(language: Language): Say {
  return (key, ...values) =>
    texts[key][language].replace(/\{(\d)\}/g, (_, index: string) =>
      String(values[Number(index)] ?? ''),
    );
}

/** Of LC_ALL, else LANG (POSIX); Russian unless it names English. */
export function languageOfEnvironment(env: NodeJS.ProcessEnv): Language {
  return /^en(?![a-z])/i.test(env.LC_ALL || env.LANG || '') ? 'en' : 'ru';
}
