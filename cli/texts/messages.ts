import { commandFor, IS_PACKAGE, PROGRAM } from '#platform/values/program.ts';
import { accountDataTexts } from './account-data.ts';
import { auditTexts } from './audit.ts';
import { headTexts } from './heads.ts';
import { helpTexts } from './help.ts';
import { operatorTexts } from './operator.ts';
import { repairTexts } from './repair.ts';
import { viewTexts } from './view.ts';
import { webhookTexts } from './webhooks.ts';

export type Language = 'ru' | 'en';

/** The texts of the command line; `{0}` is the first value. The API words its own answers. */
const texts = {
  ...auditTexts,
  ...accountDataTexts,
  ...headTexts,
  ...helpTexts,
  ...operatorTexts,
  ...repairTexts,
  ...viewTexts,
  ...webhookTexts,

  // Errors.
  notSignedIn: {
    ru: 'Вы не вошли в {0}. Войдите: {1}',
    en: 'You are not signed in to {0}. Sign in: {1}',
  },
  expired: {
    ru: 'Сеанс истёк. Войдите снова: {1}',
    en: 'Your session has expired. Sign in again: {1}',
  },
  unreachable: {
    ru: 'Нет ответа от {0} ({1}). Запустите систему командой {start} или укажите её адрес: --url или переменная ORDERBELL_URL.',
    en: 'No response from {0} ({1}). Start the system with {start}, or set its address with --url or ORDERBELL_URL.',
  },
  unexpected: {
    ru: '{0} ответил {1}, но это не ответ Orderbell. Возможно, ответил прокси: проверьте адрес в --url или ORDERBELL_URL.',
    en: '{0} answered {1}, but this is not a response from Orderbell. A proxy may have answered: check the address in --url or ORDERBELL_URL.',
  },
  maybeDone: {
    ru: 'Неизвестно, выполнен ли запрос. Повторите команду: дважды ничего не выполнится.',
    en: 'The outcome is unknown. Run the command again: nothing is done twice.',
  },
  repeating: { ru: 'Ответа пока нет, повторяю.', en: 'No response yet, retrying.' },
  again: { ru: 'Повторить без риска заплатить дважды:', en: 'To retry without paying twice:' },
  noPassword: {
    ru: 'Пароль не введён. Введите его или укажите --password.',
    en: 'No password entered. Type it, or use --password.',
  },
  askPassword: { ru: 'Пароль для {0}: ', en: 'Password for {0}: ' },
  noOperatorPassword: {
    ru: 'Файл {0} не найден. Запустите систему в этой папке или укажите --password.',
    en: 'File {0} not found. Start the system in this folder, or use --password.',
  },
  emailNeeded: {
    ru: 'Укажите адрес почты или --operator.',
    en: 'Specify an e-mail address or --operator.',
  },
  badUrl: {
    ru: '«{0}» — не адрес http или https. Пример: http://127.0.0.1:8080.',
    en: '"{0}" is not an http or https address. Example: http://127.0.0.1:8080.',
  },
  badWait: {
    ru: 'Для --wait укажите число секунд от 0 до 3600.',
    en: '--wait takes a number of seconds from 0 to 3600.',
  },
  badLimit: {
    ru: 'Для --limit укажите число от 1 до 100.',
    en: '--limit takes a number from 1 to 100.',
  },
  badCurrency: {
    ru: 'Для --currency укажите код ISO 4217, например RUB.',
    en: '--currency takes an ISO 4217 code, such as RUB.',
  },
  badKey: {
    ru: 'Для --key укажите до 255 латинских букв, цифр и знаков без пробелов.',
    en: '--key takes up to 255 Latin letters, digits and symbols without spaces.',
  },
  badId: {
    ru: '«{0}» — не id. Пример id: {1}.',
    en: '"{0}" is not an ID. An ID looks like this: {1}.',
  },
  noOrderYet: {
    ru: 'Заказов пока нет. Оформите первый: {0}',
    en: 'There are no orders yet. Place one: {0}',
  },
  letterOrFilter: {
    ru: 'Укажите либо письма, либо условие: --since, --until, --reason, --kind, --all.',
    en: 'Specify either letters or a filter: --since, --until, --reason, --kind, --all.',
  },
  dryRunOfOne: {
    ru: '--dry-run считает письма по условию. Не указывайте сами письма.',
    en: '--dry-run counts letters that match a filter. Leave out the letters themselves.',
  },
  badMoment: {
    ru: '«{0}» — не дата. Примеры: 2026-03-05T09:00, 2026-03-05.',
    en: '"{0}" is not a date. Examples: 2026-03-05T09:00, 2026-03-05.',
  },
  badReason: {
    ru: 'Для --reason укажите от 1 до 200 символов, и не только пробелы.',
    en: '--reason takes 1 to 200 characters, at least one of them visible.',
  },
  noCustomer: {
    ru: 'Клиент «{0}» не найден. Проверьте id или почту.',
    en: 'No customer found for "{0}". Check the ID or e-mail.',
  },
  severalCustomers: {
    ru: 'Почта «{0}» есть у нескольких клиентов. Укажите id одного из них:',
    en: 'Several customers share the e-mail "{0}". Specify the ID of one:',
  },
  yesNeeded: {
    ru: 'Подтверждение не получено, ничего не изменено. Чтобы не спрашивать, добавьте --yes.',
    en: 'Not confirmed, nothing was changed. To skip the question, add --yes.',
  },
  notDone: { ru: 'Отменено, ничего не изменено.', en: 'Cancelled, nothing was changed.' },
  idOrAll: { ru: 'Укажите id события или --all.', en: 'Specify an event ID or --all.' },
  watchOrJson: {
    ru: '--watch и --json нельзя указать вместе. Уберите один из них.',
    en: '--watch and --json cannot be combined. Remove one of them.',
  },
  badAmount: { ru: '«{0}» не подходит. {1}', en: '"{0}" is not a valid amount. {1}' },
  'item-no-price': {
    ru: '«{0}»: нет цены. Формат: название[:количество]@цена.',
    en: '"{0}" has no price. Format: name[:quantity]@price.',
  },
  'item-no-name': {
    ru: '«{0}»: нет названия. Формат: название[:количество]@цена.',
    en: '"{0}" has no name. Format: name[:quantity]@price.',
  },
  'item-long-name': {
    ru: '«{0}»: название длиннее 200 символов. Сократите его.',
    en: '"{0}": the name is longer than 200 characters. Shorten it.',
  },
  'item-quantity': {
    ru: '«{0}»: количество — целое число от 1 до 10000.',
    en: '"{0}": the quantity must be a whole number from 1 to 10000.',
  },
  'item-ambiguous': {
    ru: '«{0}»: число после двоеточия — количество или часть названия?\n  Часть названия: "{1}"\n  Количество: "{2}"',
    en: '"{0}": is the number after the colon a quantity or part of the name?\n  Part of the name: "{1}"\n  Quantity: "{2}"',
  },
  'item-price': { ru: '«{0}»: неверная цена. {1}', en: '"{0}": invalid price. {1}' },

  // Results.
  registered: { ru: 'Учётная запись {0} создана.', en: 'Account {0} created.' },
  signedIn: {
    ru: 'Вы вошли как {0}.',
    en: 'Signed in as {0}.',
  },
  signedOut: { ru: 'Вы вышли из {0}.', en: 'Signed out of {0}.' },
  signedOutHere: {
    ru: 'Вы вышли на этом компьютере. {0} не отвечает: там сеанс ещё открыт. Чтобы закрыть его, войдите и смените пароль в консоли.',
    en: 'Signed out on this computer. {0} does not answer, so the session is still open there. To end it, sign in and change your password in the console.',
  },
  shortage: {
    ru: 'В кошельке {0}, нужно {1}, не хватает {2}.',
    en: 'Your wallet has {0}, but the order costs {1}: you are {2} short.',
  },
  topUpAndOrder: { ru: 'Пополнить и заказать снова:', en: 'To top up and order again:' },
  toppedUp: { ru: 'Пополнено на {0}. Баланс: {1}.', en: 'Added {0}. Balance: {1}.' },
  askTopUp: {
    ru: 'Зачислить {0} клиенту {1} ({2})? Баланс: {3}. [y/N] ',
    en: 'Add {0} to the wallet of {1} ({2})? Balance: {3}. [y/N] ',
  },
  askUndo: {
    ru: 'Отменить пополнение клиента {0} ({1})? Баланс: {2}. [y/N] ',
    en: 'Undo this top-up of {0} ({1})? Balance: {2}. [y/N] ',
  },
  unknownBalance: { ru: 'баланс недоступен', en: 'balance unavailable' },
  reversalSums: {
    ru: 'Баланс {0}, а для отмены нужно списать {1}.',
    en: 'The balance is {0}, but {1} would have to be taken back.',
  },
  undone: {
    ru: 'Пополнение отменено: списано {0}. Баланс: {1}.',
    en: 'Top-up undone: {0} taken back. Balance: {1}.',
  },
  stillPending: {
    ru: 'Результат оплаты пока неизвестен. Система завершит заказ сама.',
    en: 'The payment result is not known yet. The system completes the order on its own.',
  },
  more: {
    ru: 'Показано не всё. Остальное: --all.',
    en: 'Not everything is shown. Use --all for the rest.',
  },
  moreByLimit: {
    ru: 'Показано не всё. Больше: --limit.',
    en: 'Not everything is shown. Use --limit for more.',
  },
  nothing: { ru: 'Ничего не найдено.', en: 'Nothing found.' },
  noDifferences: { ru: 'Расхождений нет.', en: 'No differences.' },
  differencesFound: { ru: 'Найдено расхождений: {0}.', en: 'Differences found: {0}.' },
  becameLetter: {
    ru: 'Событие обработано, письмо в очереди.',
    en: 'Processed: the letter is queued.',
  },
  stillDead: { ru: 'Снова не удалось обработать: {0}', en: 'Failed again: {0}' },
  redriveResult: {
    ru: 'Обработано: {0}. Снова с ошибкой: {1}. Осталось: {2}.',
    en: 'Processed: {0}. Failed again: {1}. Remaining: {2}.',
  },
  resent: { ru: '{0}: письмо снова в очереди.', en: '{0}: the letter is queued again.' },
  lettersMatch: { ru: 'Подходит писем: {0}.', en: 'Matching letters: {0}.' },
  lettersResent: { ru: 'Снова в очереди: {0}.', en: 'Queued again: {0}.' },

  // Names of values.
  customer: { ru: 'Клиент', en: 'Customer' },
  name: { ru: 'Имя', en: 'Name' },
  email: { ru: 'Почта', en: 'E-mail' },
  lettersIn: { ru: 'Язык писем', en: 'Letter language' },
  balance: { ru: 'Баланс', en: 'Balance' },
  orderId: { ru: 'Заказ', en: 'Order' },
  status: { ru: 'Статус', en: 'Status' },
  total: { ru: 'Сумма', en: 'Total' },
  created: { ru: 'Оформлен', en: 'Placed' },
  top_up: { ru: 'пополнение', en: 'top-up' },
  reversal: { ru: 'отмена', en: 'reversal' },
  charge: { ru: 'оплата', en: 'payment' },
  to: { ru: 'Кому', en: 'To' },
  subject: { ru: 'Тема', en: 'Subject' },
  messageId: { ru: 'Message-ID', en: 'Message-ID' },
  state: { ru: 'Состояние', en: 'State' },
  reason: { ru: 'Причина', en: 'Reason' },
  happiness: { ru: 'Письмо счастья', en: 'Letter of happiness' },
  grief: { ru: 'Письмо горя', en: 'Letter of grief' },
  queued: { ru: 'в очереди', en: 'queued' },
  sending: { ru: 'отправляется', en: 'sending' },
  sent: { ru: 'отправлено', en: 'sent' },
  failed: { ru: 'не доставлено', en: 'failed' },
  undelivered: { ru: 'Не доставлены', en: 'Undelivered' },
  transient: { ru: 'не удалось, повторим', en: 'failed, will retry' },
  permanent: { ru: 'отказ', en: 'rejected' },
  outcomeUnknown: { ru: 'результат неизвестен', en: 'result unknown' },
  ms: { ru: 'мс', en: 'ms' },
  payment: { ru: 'Решение об оплате', en: 'Payment decision' },
  captured: { ru: 'оплачено', en: 'paid' },
  declined: { ru: 'недостаточно средств', en: 'insufficient funds' },
  voided: { ru: 'отменено без оплаты', en: 'cancelled without payment' },
  balanceSeen: { ru: 'в кошельке было {0}', en: 'wallet balance was {0}' },
  event: { ru: 'Событие', en: 'Event' },
  eventPlace: {
    ru: 'топик {0}, партиция {1}, офсет {2}',
    en: 'topic {0}, partition {1}, offset {2}',
  },
  eventWaiting: { ru: 'ещё не опубликовано', en: 'not published yet' },
  eventPlaceUnknown: { ru: 'топик {0}, офсет неизвестен', en: 'topic {0}, offset unknown' },
  letterOf: { ru: 'Письмо', en: 'Letter' },
  recovery: { ru: 'Восстановление', en: 'Recovery' },
  recoveryTries: { ru: 'попыток: {0}', en: 'attempts: {0}' },
  dead: { ru: 'не обработано', en: 'unprocessed' },
  redriven: { ru: 'обработано', en: 'processed' },
  discarded: { ru: 'отклонено', en: 'discarded' },
  deadLetter: { ru: 'Необработанное событие', en: 'Dead letter' },
  missingParts: { ru: 'Не отвечают: {0}', en: 'Not responding: {0}' },
  underWay: { ru: 'Заказ ещё в пути.', en: 'Still in progress.' },
} as const satisfies Record<string, Record<Language, string>>;

export type TextKey = keyof typeof texts;
export type Say = (key: TextKey, ...values: (string | number)[]) => string;

// As people type them in the form in which this program runs.
const COMMANDS: Record<string, string> = {
  start: commandFor('start'),
  script: IS_PACKAGE ? PROGRAM : PROGRAM.replace('npm run', 'npm run -s'),
};

/** The texts in one language. */
export function textsIn(language: Language): Say {
  return (key, ...values) =>
    texts[key][language].replace(/\{(\w+)\}/g, (_, name: string) =>
      String(COMMANDS[name] ?? values[Number(name)] ?? ''),
    );
}

/** Of LC_ALL, else LC_MESSAGES, else LANG (POSIX); English unless it names Russian. */
export function languageOfEnvironment(env: NodeJS.ProcessEnv): Language {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  return /^ru(?![a-z])/i.test(locale) ? 'ru' : 'en';
}
