/** The mailbox of the built-in mail server. */
export const mailbox = {
  ru: {
    title: 'Почта',
    lead: 'Все письма, которые получил встроенный почтовый сервер. На реальные адреса они не уходят.',
    elsewhere:
      'Встроенный почтовый ящик выключен: письма отправляются через внешний почтовый сервер, или система доступна с других компьютеров (OPEN_TO_NETWORK).',
    search: 'Получатель или тема',
    noneHint: 'Новые письма появятся здесь сами.',
    notFound: 'Ничего не найдено',
    notFoundYet: 'Среди этих писем ничего не найдено. Посмотрите более ранние',
    choose: 'Выберите письмо из списка.',
    back: 'К списку писем',
    noSubject: 'Без темы',
    from: 'От кого',
    noSender: 'отправитель не указан',
    received: 'Получено',
    size: 'Размер',
    source: 'Исходный текст',
    openSource: 'Открыть в новой вкладке',
    notDisplayable:
      'Письмо не удаётся показать: оно повреждено или устроено слишком сложно. Ниже — заголовки и исходный текст.',
  },
  en: {
    title: 'Mailbox',
    lead: 'Everything the built-in mail server has received. Nothing is delivered to real addresses.',
    elsewhere:
      'The built-in mailbox is off: letters are sent through an external mail server, or other machines can reach this system (OPEN_TO_NETWORK).',
    search: 'Recipient or subject',
    noneHint: 'New letters appear here automatically.',
    notFound: 'No matches',
    notFoundYet: 'No matches among these letters. Try older ones',
    choose: 'Select a letter from the list.',
    back: 'All letters',
    noSubject: 'No subject',
    from: 'From',
    noSender: 'no sender',
    received: 'Received',
    size: 'Size',
    source: 'Source',
    openSource: 'Open in a new tab',
    notDisplayable:
      'This message cannot be displayed: it is damaged or too complex. Its headers and source are below.',
  },
};
