/** The mailbox of the built-in mail server. */
export const mailbox = {
  ru: {
    title: 'Почта',
    lead: 'Все письма, которые получил встроенный почтовый сервер. На реальные адреса они не уходят.',
    elsewhere:
      'Встроенный почтовый ящик выключен: письма отправляются через внешний почтовый сервер, или система доступна с других компьютеров (OPEN_TO_NETWORK).',
    search: 'Получатель, тема или текст',
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
    unread: 'Новое',
    delete: 'Удалить письмо',
    deleteAll: 'Удалить все письма',
    deleteAllQuestion: 'Удалить все письма без возможности восстановления?',
    keep: 'Оставить',
    attachments: 'Вложения',
    noName: 'без имени',
    checks: {
      title: (faults: number) =>
        faults === 0 ? 'Проверка HTML: замечаний нет' : `Проверка HTML: замечаний — ${faults}`,
      missingText: 'Нет текстовой части: почтовые программы без HTML покажут пустое письмо.',
      imagesWithoutAlt: (count: number) => `Изображений без текста замены (alt): ${count}.`,
      externalImages: (count: number) =>
        `Изображений с других серверов: ${count}. Почтовые программы скрывают их до разрешения читателя.`,
      insecureLinks: (count: number) => `Ссылок без https: ${count}.`,
      clipped: 'HTML больше 102 КБ: Gmail обрежет письмо.',
      counts: (images: number, links: number, size: string) =>
        `Всего: изображений — ${images}, ссылок — ${links}, HTML — ${size}.`,
    },
    notDisplayable:
      'Письмо не удаётся показать: оно повреждено или устроено слишком сложно. Ниже — заголовки и исходный текст.',
  },
  en: {
    title: 'Mailbox',
    lead: 'Everything the built-in mail server has received. Nothing is delivered to real addresses.',
    elsewhere:
      'The built-in mailbox is off: letters are sent through an external mail server, or other machines can reach this system (OPEN_TO_NETWORK).',
    search: 'Recipient, subject or text',
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
    unread: 'New',
    delete: 'Delete letter',
    deleteAll: 'Delete all letters',
    deleteAllQuestion: 'Delete all letters for good?',
    keep: 'Keep them',
    attachments: 'Attachments',
    noName: 'no name',
    checks: {
      title: (faults: number) =>
        faults === 0 ? 'HTML check: no remarks' : `HTML check: ${faults} to look at`,
      missingText: 'No text part: mail programs without HTML show an empty letter.',
      imagesWithoutAlt: (count: number) => `Images without alternative text (alt): ${count}.`,
      externalImages: (count: number) =>
        `Images from other servers: ${count}. Mail programs hide them until the reader agrees.`,
      insecureLinks: (count: number) => `Links without https: ${count}.`,
      clipped: 'The HTML is larger than 102 KB: Gmail cuts the letter.',
      counts: (images: number, links: number, size: string) =>
        `In total: ${images} images, ${links} links, ${size} of HTML.`,
    },
    notDisplayable:
      'This message cannot be displayed: it is damaged or too complex. Its headers and source are below.',
  },
};
