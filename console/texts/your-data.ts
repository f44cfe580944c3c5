/** A copy of the own data, and their erasure. */
export const yourData = {
  ru: {
    title: 'Ваши данные',
    exportLead:
      'Копия содержит профиль, учётную запись, заказы, операции кошелька и письма с попытками отправки.',
    export: 'Скачать копию (JSON)',
    eraseTitle: 'Удалить данные',
    eraseLead:
      'Учётная запись, имя, адрес и письма будут удалены навсегда, а из заказов исчезнут названия товаров. ' +
      'Суммы заказов и платежей останутся: по ним сверяется учёт. Остаток в кошельке станет недоступен.',
    password: 'Ваш пароль',
    agree: 'Я понимаю, что данные нельзя будет вернуть',
    erase: 'Удалить навсегда',
  },
  en: {
    title: 'Your data',
    exportLead:
      'The copy holds your profile, account, orders, wallet transactions, and letters with their delivery attempts.',
    export: 'Download a copy (JSON)',
    eraseTitle: 'Erase your data',
    eraseLead:
      'Your account, name, address and letters are erased for ever, and the names of items disappear from your orders. ' +
      'The amounts of orders and payments stay, because accounting needs them. You lose access to the balance of your wallet.',
    password: 'Your password',
    agree: 'I understand that this cannot be undone',
    erase: 'Erase for ever',
  },
};
