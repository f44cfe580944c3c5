import { helpTexts } from './help.ts';
import { repairTexts } from './repair.ts';
import { viewTexts } from './view.ts';

export type Language = 'ru' | 'en';

/** Every text of the command line but the API's own; `{0}` is the first value put in. */
const texts = {
  ...helpTexts,
  ...repairTexts,
  ...viewTexts,

  // Faults.
  notSignedIn: {
    ru: 'Вы не вошли в {0}. Войдите: {1}',
    en: 'You are not signed in at {0}. Sign in: {1}',
  },
  expired: { ru: 'Вход истёк. Войдите снова: {1}', en: 'The sign-in has expired. Sign in: {1}' },
  unreachable: {
    ru: 'Нет ответа от {0} ({1}). Систему запускает npm start.',
    en: 'No answer from {0} ({1}). npm start starts the system.',
  },
  unexpected: {
    ru: '{0} ответил {1}, но это не ответ Orderbell. Возможно, ответил прокси.',
    en: '{0} answered {1}, but not with an answer of Orderbell. A proxy may have answered.',
  },
  maybeDone: {
    ru: 'Неизвестно, выполнен ли запрос. Команду можно повторить: дважды ничего не выполнится.',
    en: 'The outcome is unknown. You can repeat the command: nothing is done twice.',
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
  badUrl: { ru: '{0} — не адрес http(s).', en: '{0} is not an http(s) address.' },
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
  badId: { ru: '{0} — не номер (UUID).', en: '{0} is not an id (UUID).' },
  noOrderYet: { ru: 'Заказов ещё нет.', en: 'There is no order yet.' },
  letterOrFilter: {
    ru: 'Укажите номер письма или условие: --since, --until, --reason, --kind, --all.',
    en: 'Give the id of a letter or a filter: --since, --until, --reason, --kind, --all.',
  },
  dryRunOfOne: {
    ru: '--dry-run считает письма по условию. Уберите номер письма.',
    en: '--dry-run counts letters by filter. Leave out the id of the letter.',
  },
  badMoment: {
    ru: '«{0}» — не дата. Напишите, например, 2026-03-05T09:00 или 2026-03-05.',
    en: '"{0}" is not a date. Write 2026-03-05T09:00 or 2026-03-05.',
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
    ru: '--watch и --json нельзя указать вместе: обновления не кончаются.',
    en: '--watch and --json cannot be combined: the updates never end.',
  },
  badAmount: { ru: '«{0}» не подходит. {1}', en: '"{0}" cannot be used. {1}' },
  'item-no-price': {
    ru: '«{0}»: нет цены. Напишите так: название[:количество]@цена.',
    en: '"{0}" has no price. Write name[:quantity]@price.',
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
  toppedUp: { ru: 'Пополнено на {0}, на кошельке {1}.', en: '{0} added, the wallet holds {1}.' },
  askTopUp: {
    ru: 'Зачислить {0} клиенту {1} ({2})? Сейчас на кошельке: {3}. [y/N] ',
    en: 'Add {0} to the wallet of {1} ({2})? It holds {3} now. [y/N] ',
  },
  askUndo: {
    ru: 'Отменить пополнение клиента {0} ({1})? Сейчас на кошельке: {2}. [y/N] ',
    en: 'Undo this top-up of {0} ({1})? The wallet holds {2} now. [y/N] ',
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
  nothing: { ru: 'Пусто.', en: 'Nothing to show.' },
  booksAgree: { ru: 'Книги сходятся.', en: 'The books agree.' },
  booksDiffer: { ru: 'Книги расходятся: {0}.', en: 'The books differ: {0}.' },
  becameLetter: { ru: 'Сообщение прочитано.', en: 'The message was read.' },
  stillDead: { ru: 'Снова не прочитано: {0}', en: 'It could not be read again: {0}' },
  redriven: {
    ru: 'Обработано {0}, отказано {1}, осталось {2}.',
    en: '{0} processed, {1} refused, {2} left.',
  },
  resent: { ru: 'Письмо будет отправлено сейчас.', en: 'The letter is being sent now.' },
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
