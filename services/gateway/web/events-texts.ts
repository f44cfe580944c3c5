import type { Language } from '#platform/http/language.ts';

interface PageTexts {
  title: string;
  about: string[];
  topic: string;
  headers: string;
  value: string;
  examples: string;
  exampleTitles: Record<string, string>;
  name: string;
  meaning: string;
  form: string;
  presence: string;
  always: string;
  sometimes: string;
  document: string;
}

/** Texts of the page about events. */
export const pageTexts: Record<Language, PageTexts> = {
  ru: {
    title: 'События',
    about: [
      'Когда заказ оплачен или отменён, в топик Kafka публикуется одно сообщение `OrderUpdateMessage`. Ключ сообщения — номер заказа.',
      'Доставка — не менее одного раза: повтор узнают по `ce_id`. Порядок есть только внутри одного заказа.',
      'Сообщение — CloudEvents 1.0 в бинарном режиме Kafka: значение — JSON, атрибуты — заголовки. В пределах v1 поля только добавляются: незнакомые пропускайте.',
    ],
    topic: 'Топик',
    headers: 'Заголовки',
    value: 'Значение',
    examples: 'Примеры',
    exampleTitles: { paid: 'Заказ оплачен', cancelled: 'На кошельке не хватило денег' },
    name: 'Имя',
    meaning: 'Что это',
    form: 'Вид',
    presence: 'Есть ли',
    always: 'всегда',
    sometimes: 'не всегда',
    document: 'Документ для программ',
  },
  en: {
    title: 'Events',
    about: [
      'When an order is paid or cancelled, one `OrderUpdateMessage` is published to the Kafka topic. Its key is the order id.',
      'Delivery is at least once: recognize a repetition by `ce_id`. Only events of one order are in order.',
      'A message is CloudEvents 1.0 in Kafka binary mode: the value is JSON, the attributes are headers. Within v1 members are only added: ignore those that you do not know.',
    ],
    topic: 'Topic',
    headers: 'Headers',
    value: 'Value',
    examples: 'Examples',
    exampleTitles: { paid: 'The order was paid', cancelled: 'The wallet held too little' },
    name: 'Name',
    meaning: 'Meaning',
    form: 'Form',
    presence: 'Present',
    always: 'always',
    sometimes: 'not always',
    document: 'Document for programs',
  },
};

/** Each header and member of the value, by its name. */
export const memberTexts: Record<string, Record<Language, string> | undefined> = {
  ce_specversion: { ru: 'Версия CloudEvents.', en: 'Version of CloudEvents.' },
  ce_id: {
    ru: 'Номер события; у повтора тот же.',
    en: 'Id of the event; a repetition has the same.',
  },
  ce_type: { ru: 'Тип и версия сообщения.', en: 'Type and version of the message.' },
  ce_typealias: {
    ru: 'Второе имя типа; есть, если задана настройка `EVENT_TYPE_ALIAS`.',
    en: 'A second name of the type; present where `EVENT_TYPE_ALIAS` is set.',
  },
  ce_source: {
    ru: 'Какая система публикует; `/orders`, если не задана настройка `EVENT_SOURCE`.',
    en: 'Which system publishes it; `/orders` unless `EVENT_SOURCE` is set.',
  },
  ce_subject: { ru: 'Номер заказа, как в ключе.', en: 'The order id, as in the key.' },
  ce_time: { ru: 'Когда заказ завершён.', en: 'When the order ended.' },
  'content-type': { ru: 'Формат значения.', en: 'Format of the value.' },
  traceparent: {
    ru: 'Контекст трассировки запроса, который завершил заказ.',
    en: 'Trace context of the request that ended the order.',
  },
  orderId: { ru: 'Номер заказа.', en: 'The order id.' },
  customerId: { ru: 'Идентификатор покупателя.', en: 'The customer id.' },
  version: {
    ru: 'Версия заказа; растёт с каждым изменением.',
    en: 'Version of the order; it grows with each change.',
  },
  previousStatus: { ru: 'Статус до завершения.', en: 'The status before.' },
  status: { ru: 'Чем заказ завершился.', en: 'How the order ended.' },
  total: {
    ru: 'Сумма заказа: `amount` в минимальных единицах (копейках) и `currency`.',
    en: 'Total of the order: `amount` in minor units (kopecks) and `currency`.',
  },
  paymentOperationId: {
    ru: 'Номер списания с кошелька; `null`, если ничего не списано.',
    en: 'Id of the charge; `null` where nothing was charged.',
  },
  reason: {
    ru: 'Почему отменён; `null` у оплаченного.',
    en: 'Why it was cancelled; `null` where it was paid.',
  },
  occurredAt: { ru: 'Когда заказ завершён.', en: 'When the order ended.' },
};
