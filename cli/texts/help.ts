import type { Language } from './messages.ts';

/** Texts of the help: the program, its commands, options and arguments. */
export const helpTexts = {
  about: {
    ru: 'Заказы сразу оплачиваются из кошелька, а результат приходит письмом.',
    en: 'Pay for orders from your wallet and get the result by e-mail.',
  },
  tour: {
    ru: `Orderbell: заказ сразу оплачивается из кошелька, а результат приходит письмом.

Пять команд для начала (система запущена командой {start}):

  {0} register anna@example.com --name Анна
  {0} top-up 1000
  {0} order "Книга:2@300"
  {0} letters
  {0} journey

Все команды: {0} --help
Справка о команде: {0} help order`,
    en: `Orderbell: pay for orders from your wallet and get the result by e-mail.

Five commands to get started (with {start} running):

  {0} register anna@example.com --name Anna
  {0} top-up 1000
  {0} order "Book:2@300"
  {0} letters
  {0} journey

All commands: {0} --help
Help for one command: {0} help order`,
  },
  ending: {
    ru: `Коды выхода:
  0 успешно             3 заказ отменён             6 вход не выполнен или истёк
  1 отказ или ошибка    4 заказ ожидает оплаты
  2 неверный вызов      5 нет ответа, результат неизвестен

Переменные:
  ORDERBELL_URL    адрес системы; по умолчанию та, что запущена в этой папке
  ORDERBELL_TOKEN  токен вместо входа

Для скриптов: {script} … --json`,
    en: `Exit codes:
  0 success             3 order cancelled           6 not signed in, or session expired
  1 refused or failed   4 order pending
  2 wrong usage         5 no response, outcome unknown

Variables:
  ORDERBELL_URL    address of the system; default: the one running in this folder
  ORDERBELL_TOKEN  token instead of signing in

For scripts: {script} … --json`,
  },
  example: { ru: 'Пример:', en: 'Example:' },
  optionUrl: { ru: 'адрес системы', en: 'address of the system' },
  optionLang: { ru: 'язык текстов: ru или en', en: 'language: ru or en' },
  optionJson: { ru: 'вывести ответ API как JSON', en: 'print the API response as JSON' },
  systemStart: {
    ru: 'запустить систему; данные остаются в .orderbell текущей папки',
    en: 'start the system; its data stay in .orderbell of the current folder',
  },
  systemDemo: {
    ru: 'наполнить систему покупателями и заказами; если она не запущена, то и запустить',
    en: 'fill the system with customers and orders; starts it if none runs',
  },
  systemKafka: {
    ru: 'запустить настоящую Apache Kafka (нужны Java 17 и Maven)',
    en: 'start a real Apache Kafka (needs Java 17 and Maven)',
  },
  systemRoles: {
    ru: 'вывести SQL ролей и баз для адресов из настроек',
    en: 'print the SQL of roles and databases for the URLs in the settings',
  },
  optionVersion: {
    ru: 'показать версию Orderbell и Node',
    en: 'show the version, and that of Node',
  },
  completion: {
    ru: 'скрипт автодополнения для bash, zsh или fish',
    en: 'completion script for bash, zsh or fish',
  },
  optionHelp: { ru: 'показать справку', en: 'show help' },
  commandHelp: { ru: 'справка о команде', en: 'help for a command' },
  optionPassword: {
    ru: 'пароль; если не указан, программа его спросит',
    en: 'password; prompted for if omitted',
  },
  optionName: { ru: 'имя для обращения в письмах', en: 'name to use in letters' },
  optionLetters: { ru: 'язык писем: ru или en', en: 'letter language: ru or en' },
  optionEmail: { ru: 'адрес для писем', en: 'e-mail for letters' },
  optionOperator: {
    ru: 'войти как оператор; пароль берётся из .orderbell/operator-password',
    en: 'sign in as the operator; the password is read from .orderbell/operator-password',
  },
  optionLogOutOperator: { ru: 'выйти из сеанса оператора', en: 'sign out of the operator session' },
  optionKey: {
    ru: 'ключ идемпотентности: запрос с тем же ключом не выполнится дважды',
    en: 'idempotency key: a request with the same key is never carried out twice',
  },
  optionWait: {
    ru: 'сколько секунд повторять запрос без ответа',
    en: 'seconds to keep retrying without a response',
  },
  optionCurrency: {
    ru: 'валюта; по умолчанию валюта кошелька',
    en: 'currency; default: that of the wallet',
  },
  optionYes: { ru: 'не спрашивать подтверждения', en: 'skip the confirmation' },
  optionReason: {
    ru: 'причина, до 200 символов; её увидит и клиент',
    en: 'reason, up to 200 characters; the customer sees it too',
  },
  optionStatus: { ru: 'только с этим статусом', en: 'only this status' },
  optionState: { ru: 'только в этом состоянии', en: 'only this state' },
  optionLimit: { ru: 'сколько показать, до 100', en: 'how many to show, up to 100' },
  optionAllOrders: { ru: 'показать все', en: 'show all' },
  optionSince: {
    ru: 'не доставленные начиная с этого времени',
    en: 'failed at or after this time',
  },
  optionUntil: { ru: 'не доставленные до этого времени', en: 'failed before this time' },
  optionFailure: { ru: 'причина содержит этот текст', en: 'reason contains this text' },
  optionKind: { ru: 'только этот вид писем', en: 'only this kind of letter' },
  optionAllFailed: { ru: 'все недоставленные', en: 'all undelivered letters' },
  optionDryRun: { ru: 'только посчитать', en: 'only count' },
  optionAllDead: { ru: 'все необработанные события', en: 'all dead letters' },
  optionWatch: {
    ru: 'следить, пока путь не завершится',
    en: 'follow until the journey is complete',
  },
  optionWatchOverview: { ru: 'обновлять до Ctrl-C', en: 'refresh until Ctrl-C' },
  argItem: {
    ru: 'название[:количество]@цена: "Чай:2@100"; количество от 100 пишется так: "Чай:x500@1"',
    en: 'name[:quantity]@price: "Tea:2@100"; write a quantity of 100 or more as "Tea:x500@1"',
  },
  argAmount: { ru: 'сумма, например 1000', en: 'amount, such as 1000' },
  argOrder: {
    ru: 'номер заказа, его полный id или начало id (от 8 знаков)',
    en: 'order number, its full ID, or the first 8 or more characters of the ID',
  },
  argLatestOrder: {
    ru: 'номер или id заказа; по умолчанию последний',
    en: 'order number or ID; default: the latest',
  },
  argLettersOrFilter: {
    ru: 'письма: id письма или номер заказа; если не указаны, письма выбирает условие',
    en: 'letters, by letter ID or order number; if omitted, a filter selects them',
  },
  argLetters: {
    ru: 'письма: id письма или номер заказа',
    en: 'letters, by letter ID or order number',
  },
  argLetter: { ru: 'id письма или номер заказа', en: 'letter ID or order number' },
  argDeadLetter: { ru: 'id события', en: 'event ID' },
  argDeadLetters: { ru: 'id событий', en: 'event IDs' },
  argCustomer: { ru: 'id или почта клиента', en: 'customer ID or e-mail' },
  argCustomerOrAll: {
    ru: 'id или почта клиента; по умолчанию все клиенты',
    en: 'customer ID or e-mail; default: all customers',
  },
  argSearch: {
    ru: 'номер или id заказа, id клиента, письма или операции, почта, Message-ID, id трассировки, ссылка',
    en: 'order number, any ID (order, customer, letter, transaction, trace), e-mail, Message-ID, or a link',
  },
  argShell: { ru: 'оболочка: bash, zsh или fish', en: 'shell: bash, zsh or fish' },
  argOperation: { ru: 'id операции', en: 'transaction ID' },
  argEmail: { ru: 'адрес почты', en: 'e-mail address' },
  register: { ru: 'создать учётную запись и войти', en: 'create an account and sign in' },
  login: { ru: 'войти', en: 'sign in' },
  logout: { ru: 'выйти', en: 'sign out' },
  profile: {
    ru: 'показать профиль или изменить имя, адрес и язык писем',
    en: 'show the profile, or change name, e-mail and letter language',
  },
  wallet: { ru: 'баланс и последние операции', en: 'balance and latest transactions' },
  topUp: { ru: 'пополнить кошелёк', en: 'top up the wallet' },
  order: { ru: 'заказать и оплатить', en: 'place and pay an order' },
  orders: { ru: 'мои заказы', en: 'my orders' },
  show: { ru: 'один заказ', en: 'one order' },
  journey: { ru: 'путь заказа по шагам', en: 'journey of an order, step by step' },
  letters: { ru: 'мои письма', en: 'my letters' },
  letter: { ru: 'письмо: текст и попытки отправки', en: 'a letter: text and delivery attempts' },
  operator: { ru: 'команды оператора', en: 'operator commands' },
  overview: { ru: 'состояние системы', en: 'state of the system' },
  pending: { ru: 'заказы, ожидающие оплаты', en: 'pending orders' },
  operatorLetters: { ru: 'письма всех клиентов', en: 'letters of all customers' },
  resend: {
    ru: 'отправить ещё раз письмо или все недоставленные по условию',
    en: 'resend a letter, or all undelivered letters that match',
  },
  preview: {
    ru: 'письмо, которое было бы отправлено сейчас',
    en: 'letter as it would be sent now',
  },
  deadLetters: {
    ru: 'события, по которым не создано письмо',
    en: 'events that could not become letters',
  },
  redrive: { ru: 'обработать событие ещё раз', en: 'process an event again' },
  verify: { ru: 'сверка данных всех сервисов', en: 'reconcile the data of all services' },
  customers: { ru: 'найти клиента или перечислить всех', en: 'find a customer, or list all' },
  operatorOperations: {
    ru: 'операции кошелька клиента или всех кошельков',
    en: "transactions of a customer's wallet, or of all wallets",
  },
  operatorTopUp: { ru: 'пополнить кошелёк клиента', en: "top up a customer's wallet" },
  undoTopUp: { ru: 'отменить пополнение', en: 'undo a top-up' },
  operatorJourney: { ru: 'путь любого заказа по шагам', en: 'journey of any order, step by step' },
} as const satisfies Record<string, Record<Language, string>>;
