import type { Language } from './messages.ts';

/** The texts of the help: the program, its commands, options and arguments. */
export const helpTexts = {
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
  journey: { ru: 'путь заказа через сервисы', en: "an order's journey through the services" },
  letters: { ru: 'мои письма', en: 'my letters' },
  letter: { ru: 'одно письмо: текст и попытки', en: 'one letter: its text and attempts' },
  operator: { ru: 'команды оператора', en: 'commands of the operator' },
  overview: { ru: 'как работает система', en: 'how the system is doing' },
  pending: { ru: 'незавершённые заказы', en: 'orders that have not ended' },
  operatorLetters: { ru: 'письма всех клиентов', en: 'letters of all customers' },
  resend: {
    ru: 'отправить письмо сейчас или все недоставленные по условию',
    en: 'send a letter now, or all failed letters that match',
  },
  preview: { ru: 'письмо, каким оно ушло бы сейчас', en: 'a letter as it would be sent now' },
  deadLetters: {
    ru: 'сообщения, не ставшие письмами',
    en: 'messages that could not become letters',
  },
  redrive: { ru: 'обработать сообщение ещё раз', en: 'process a message again' },
  verify: { ru: 'проверить, сходятся ли книги', en: 'check whether the books agree' },
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
  operatorJourney: { ru: 'путь любого заказа', en: 'journey of any order' },
} as const satisfies Record<string, Record<Language, string>>;
