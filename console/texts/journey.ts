import type { JourneyStep, Participant } from '#contracts/journey.ts';

type Kind = JourneyStep['kind'];

interface JourneyTexts {
  participants: Record<Participant, string>;
  /** What the arrow says. */
  kinds: Record<Kind, string>;
  /** What follows the arrow's words when it is not plainly done. */
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
  eventId: string;
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
      request: 'Запрос заказа',
      create: 'Создать заказ',
      recover: 'Восстановление',
      decide: 'Решение об оплате',
      record: 'Записать решение',
      answer: 'Ответ',
      publish: 'OrderUpdateMessage',
      receive: 'OrderUpdateMessage',
      contact: 'Контакт клиента',
      send: 'Письмо',
      reply: 'Ответ сервера',
    },
    outcomes: {
      done: '',
      refused: 'отказ',
      failed: 'сбой',
      unknown: 'исход неизвестен',
      waiting: 'ещё впереди',
    },
    decisions: {
      captured: 'оплачено',
      declined: 'недостаточно средств',
      voided: 'закрыто без оплаты',
      Pending: 'Ожидает оплаты',
      Paid: 'Оплачен',
      Cancelled: 'Отменен',
      '201': '201 Оплачен',
      '406': '406 Недостаточно средств',
      '409': '409 Отменен',
      '202': '202 Ожидает оплаты',
    },
    diagram: 'Диаграмма последовательности этого заказа; то же по шагам ниже',
    steps: 'Шаги',
    sync: 'Пока клиент ждёт',
    async: 'Дальше без клиента, через событие',
    complete: 'Всё завершено.',
    watching: 'Наблюдаем: новые шаги появятся сами.',
    total: (duration) => `Всё вместе заняло ${duration}.`,
    after: (duration) => `+${duration}`,
    noMoment: 'этот момент никто не записывает',
    clocks:
      'Каждый сервис записывает время по своим часам. Публикация отмечается после подтверждения брокера, поэтому отметка бывает позже, чем получение.',
    unavailable: (service) => `Сервис «${service}» сейчас не отвечает, его часть не показана.`,
    recovered: 'Запрос прервался; заказ завершило восстановление.',
    recovering: 'Запрос прервался; восстановление пробует завершить заказ.',
    event: 'Событие',
    eventId: 'Идентификатор',
    place: 'Место в топике',
    placeOf: (partition, offset) => `раздел ${partition}, смещение ${offset}`,
    key: 'Ключ',
    headers: 'Заголовки',
    payload: 'Содержимое',
    published: 'Опубликовано',
    notPublished: 'ещё не опубликовано',
    deadLetter: 'Событие не стало письмом; им займётся оператор.',
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
      request: 'Ask for an order',
      create: 'Create the order',
      recover: 'Recovery',
      decide: 'Decide the payment',
      record: 'Record the decision',
      answer: 'Answer',
      publish: 'OrderUpdateMessage',
      receive: 'OrderUpdateMessage',
      contact: 'Customer’s contact',
      send: 'Letter',
      reply: 'Server’s answer',
    },
    outcomes: {
      done: '',
      refused: 'refused',
      failed: 'failed',
      unknown: 'outcome unknown',
      waiting: 'still to come',
    },
    decisions: {
      captured: 'paid',
      declined: 'insufficient funds',
      voided: 'closed without payment',
      Pending: 'Awaiting payment',
      Paid: 'Paid',
      Cancelled: 'Cancelled',
      '201': '201 Paid',
      '406': '406 Insufficient funds',
      '409': '409 Cancelled',
      '202': '202 Awaiting payment',
    },
    diagram: 'Sequence diagram of this order; the same step by step below',
    steps: 'Steps',
    sync: 'While the client waits',
    async: 'Without the client, through an event',
    complete: 'All of it is done.',
    watching: 'Watching: new steps appear by themselves.',
    total: (duration) => `All of it took ${duration}.`,
    after: (duration) => `+${duration}`,
    noMoment: 'nobody records this moment',
    clocks:
      'Each service records by its own clock. A publication is noted once the broker has confirmed it, so its mark may be later than the receipt.',
    unavailable: (service) => `${service} does not answer now; its part is not shown.`,
    recovered: 'The request broke off; recovery ended the order.',
    recovering: 'The request broke off; recovery is trying to end the order.',
    event: 'Event',
    eventId: 'Id',
    place: 'Place in the topic',
    placeOf: (partition, offset) => `partition ${partition}, offset ${offset}`,
    key: 'Key',
    headers: 'Headers',
    payload: 'Payload',
    published: 'Published',
    notPublished: 'not published yet',
    deadLetter: 'The event did not become a letter; the operator sees it.',
    attempt: (number) => `attempt ${number}`,
  },
};
