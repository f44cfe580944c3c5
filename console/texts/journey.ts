import type { JourneyStep, Participant } from '#contracts/journey.ts';

type Kind = JourneyStep['kind'];

interface JourneyTexts {
  participants: Record<Participant, string>;
  /** The label of the arrow. */
  kinds: Record<Kind, string>;
  /** Added to the label unless the step is simply done. */
  outcomes: Record<JourneyStep['outcome'], string>;
  decisions: Record<string, string>;
  diagram: string;
  steps: string;
  sync: string;
  async: string;
  complete: string;
  watching: string;
  total: (duration: string) => string;
  after: (duration: string) => string;
  noMoment: string;
  clocks: string;
  unavailable: (service: string) => string;
  recovered: string;
  recovering: string;
  event: string;
  place: string;
  placeOf: (partition: number, offset: number) => string;
  key: string;
  headers: string;
  payload: string;
  published: string;
  notPublished: string;
  deadLetter: string;
  attempt: (number: number) => string;
}

export const journey: { ru: JourneyTexts; en: JourneyTexts } = {
  ru: {
    participants: {
      client: 'Клиент',
      gateway: 'API Gateway',
      orders: 'Заказы',
      billing: 'Биллинг',
      broker: 'Брокер',
      notifications: 'Нотификации',
      profiles: 'Профили',
      smtp: 'Почта (SMTP)',
    },
    kinds: {
      request: 'Новый заказ',
      create: 'Создание заказа',
      recover: 'Восстановление',
      decide: 'Решение об оплате',
      record: 'Запись решения',
      answer: 'Ответ',
      publish: 'OrderUpdateMessage',
      receive: 'OrderUpdateMessage',
      contact: 'Адрес клиента',
      send: 'Письмо',
      reply: 'Ответ сервера',
    },
    outcomes: {
      done: '',
      refused: 'отказ',
      failed: 'сбой',
      unknown: 'результат неизвестен',
      waiting: 'ожидается',
    },
    decisions: {
      captured: 'оплачено',
      declined: 'недостаточно средств',
      voided: 'отменено без оплаты',
      Pending: 'Ожидает оплаты',
      Paid: 'Оплачен',
      Cancelled: 'Отменен',
      '201': '201 Оплачен',
      '406': '406 Недостаточно средств',
      '409': '409 Отменен',
      '202': '202 Ожидает оплаты',
    },
    diagram: 'Диаграмма последовательности заказа. Те же шаги перечислены ниже',
    steps: 'Шаги',
    sync: 'Пока клиент ждёт ответа',
    async: 'После ответа клиенту, по событию',
    complete: 'Все шаги завершены.',
    watching: 'Заказ ещё в пути: новые шаги появятся сами.',
    total: (duration) => `Общее время: ${duration}.`,
    after: (duration) => `+${duration}`,
    noMoment: 'время этого шага не записывается',
    clocks:
      'Сервисы записывают время каждый по своим часам. Публикация отмечается после подтверждения брокера, поэтому её отметка может быть позже отметки о получении.',
    unavailable: (service) => `Сервис «${service}» не отвечает, его шаги пока не видны.`,
    recovered: 'Запрос прервался, заказ завершила система восстановления.',
    recovering: 'Запрос прервался, система восстановления завершает заказ.',
    event: 'Событие',
    place: 'Топик и офсет',
    placeOf: (partition, offset) => `партиция ${partition}, офсет ${offset}`,
    key: 'Ключ',
    headers: 'Заголовки',
    payload: 'Содержимое',
    published: 'Опубликовано',
    notPublished: 'ещё не опубликовано',
    deadLetter:
      'По этому событию не удалось создать письмо. Оператор видит его среди необработанных.',
    attempt: (number) => `попытка ${number}`,
  },
  en: {
    participants: {
      client: 'Client',
      gateway: 'API Gateway',
      orders: 'Orders',
      billing: 'Billing',
      broker: 'Broker',
      notifications: 'Notifications',
      profiles: 'Profiles',
      smtp: 'Mail (SMTP)',
    },
    kinds: {
      request: 'New order',
      create: 'Create order',
      recover: 'Recovery',
      decide: 'Decide payment',
      record: 'Record decision',
      answer: 'Response',
      publish: 'OrderUpdateMessage',
      receive: 'OrderUpdateMessage',
      contact: 'Customer address',
      send: 'Letter',
      reply: 'Server response',
    },
    outcomes: {
      done: '',
      refused: 'refused',
      failed: 'failed',
      unknown: 'result unknown',
      waiting: 'pending',
    },
    decisions: {
      captured: 'paid',
      declined: 'insufficient funds',
      voided: 'cancelled without payment',
      Pending: 'Awaiting payment',
      Paid: 'Paid',
      Cancelled: 'Cancelled',
      '201': '201 Paid',
      '406': '406 Insufficient funds',
      '409': '409 Cancelled',
      '202': '202 Awaiting payment',
    },
    diagram: 'Sequence diagram of the order. The same steps are listed below',
    steps: 'Steps',
    sync: 'While the client waits',
    async: 'After the response, driven by the event',
    complete: 'All steps are complete.',
    watching: 'Still in progress: new steps will appear here.',
    total: (duration) => `Total time: ${duration}.`,
    after: (duration) => `+${duration}`,
    noMoment: 'the time of this step isn’t recorded',
    clocks:
      'Each service uses its own clock. Publishing is recorded once the broker confirms it, so its timestamp can be later than that of receiving.',
    unavailable: (service) => `${service} isn’t responding, so its steps are missing for now.`,
    recovered: 'The request was interrupted. Recovery completed the order.',
    recovering: 'The request was interrupted. Recovery is completing the order.',
    event: 'Event',
    place: 'Topic and offset',
    placeOf: (partition, offset) => `partition ${partition}, offset ${offset}`,
    key: 'Key',
    headers: 'Headers',
    payload: 'Payload',
    published: 'Published',
    notPublished: 'not published yet',
    deadLetter:
      'This event couldn’t be turned into a letter. The operator sees it as a dead letter.',
    attempt: (number) => `attempt ${number}`,
  },
};
