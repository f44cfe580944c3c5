import type { Language } from './messages.ts';

/** Texts about a copy of a customer's data, and their erasure. */
export const accountDataTexts = {
  accountData: { ru: 'мои данные: копия и удаление', en: 'your data: a copy, and erasure' },
  exportData: {
    ru: 'сохранить копию моих данных в файл',
    en: 'save a copy of your data to a file',
  },
  eraseData: {
    ru: 'навсегда удалить учётную запись и личные данные',
    en: 'erase your account and personal data for ever',
  },
  exportCustomer: {
    ru: 'сохранить копию данных клиента в файл',
    en: "save a copy of a customer's data to a file",
  },
  eraseCustomer: {
    ru: 'навсегда удалить личные данные клиента',
    en: "erase a customer's personal data for ever",
  },
  showErasure: { ru: 'ход удаления данных клиента', en: "progress of a customer's erasure" },
  optionEraseReason: {
    ru: 'причина, до 200 символов; без имён и адресов',
    en: 'reason, up to 200 characters, without names and addresses',
  },
  argFile: {
    ru: 'новый файл; по умолчанию orderbell-export.json',
    en: 'new file; default: orderbell-export.json',
  },
  fileExists: {
    ru: 'Файл {0} уже есть. Укажите другое имя.',
    en: 'File {0} already exists. Specify another name.',
  },
  exported: { ru: 'Данные сохранены в {0}.', en: 'Data saved to {0}.' },
  askErase: {
    ru: 'Навсегда удалить учётную запись, имя, адрес и письма? Заказы и платежи останутся без них. Остаток в кошельке ({0}) станет недоступен. [y/N] ',
    en: 'Erase your account, name, address and letters for ever? Orders and payments stay without them. You lose access to the balance of your wallet ({0}). [y/N] ',
  },
  askEraseOf: {
    ru: 'Навсегда удалить данные клиента {0} ({1})? [y/N] ',
    en: 'Erase the data of {0} ({1}) for ever? [y/N] ',
  },
  erasing: {
    ru: 'Вы вышли, данные удаляются. Обычно это занимает меньше минуты.',
    en: 'You are signed out, and your data are being erased. It usually takes less than a minute.',
  },
  erasingOf: {
    ru: 'Данные клиента {0} удаляются.',
    en: 'The data of customer {0} are being erased.',
  },
  erased: { ru: 'Данные удалены.', en: 'The data are erased.' },
  erasurePending: { ru: 'Данные удаляются. Ожидание: {0}.', en: 'Being erased. Waiting for: {0}.' },
  waitsForOrders: { ru: 'завершение заказов', en: 'orders to end' },
  waitsForLetters: { ru: 'отправка писем', en: 'letters being sent' },
  waitsForServices: { ru: 'ответ сервисов', en: 'services to respond' },
} as const satisfies Record<string, Record<Language, string>>;
