/** Texts of the commands for webhooks; part of `messages.ts`. */
export const webhookTexts = {
  webhooks: {
    ru: 'вебхуки: получатели и доставки',
    en: 'webhooks: endpoints and deliveries',
  },
  webhookList: { ru: 'получатели вебхуков', en: 'endpoints of webhooks' },
  webhookAdd: {
    ru: 'добавить получателя; секрет показывается один раз',
    en: 'add an endpoint; its secret is shown once',
  },
  webhookShow: { ru: 'один получатель', en: 'one endpoint' },
  webhookChange: {
    ru: 'изменить адрес, описание или статусы',
    en: 'change the address, description or statuses',
  },
  webhookEnable: { ru: 'включить получателя', en: 'enable an endpoint' },
  webhookDisable: {
    ru: 'отключить получателя: новые заказы он не получит',
    en: 'disable an endpoint: it gets no new orders',
  },
  webhookRemove: {
    ru: 'удалить получателя и историю его доставок',
    en: 'remove an endpoint with its delivery history',
  },
  webhookRotate: {
    ru: 'выпустить новый секрет; прежний подписывает ещё 24 часа',
    en: 'create a new secret; the previous one also signs for 24 hours',
  },
  webhookTest: {
    ru: 'отправить пробный вебхук и дождаться ответа получателя',
    en: "send a test webhook and wait for the receiver's answer",
  },
  webhookReplay: {
    ru: 'отправить события заново, начиная с указанного времени',
    en: 'send events again, starting from a time',
  },
  webhookDeliveries: { ru: 'доставки вебхуков', en: 'webhook deliveries' },
  webhookDelivery: { ru: 'доставка и её попытки', en: 'a delivery with its attempts' },
  webhookRedeliver: {
    ru: 'отправить вебхук ещё раз и дождаться ответа получателя',
    en: "deliver a webhook again and wait for the receiver's answer",
  },

  // Arguments and options.
  argAddress: {
    ru: 'адрес получателя, например https://shop.example.com/webhooks',
    en: "the receiver's URL, such as https://shop.example.com/webhooks",
  },
  argEndpoint: { ru: 'id получателя', en: 'endpoint ID' },
  argDelivery: { ru: 'id доставки', en: 'delivery ID' },
  optionAddress: { ru: 'новый адрес', en: 'new URL' },
  optionDescription: {
    ru: 'описание, до 100 символов',
    en: 'description, up to 100 characters',
  },
  optionWebhookStatus: {
    ru: 'о каких заказах сообщать',
    en: 'which orders to send',
  },
  optionReplaySince: {
    ru: 'начиная с этого времени',
    en: 'events at or after this time',
  },
  optionEndpoint: { ru: 'только этому получателю', en: 'only to this endpoint' },
  optionOfOrder: { ru: 'только об этом заказе', en: 'only about this order' },

  // Errors and hints.
  nothingToChange: {
    ru: 'Укажите, что изменить: --address, --description или --status.',
    en: 'Specify what to change: --address, --description or --status.',
  },
  noWebhooks: {
    ru: 'Возможно, в этой установке нет вебхуков: у шлюза не задана настройка WEBHOOKS_URL.',
    en: 'This installation may have no webhooks: its gateway has no setting WEBHOOKS_URL.',
  },
  maybeAdded: {
    ru: 'Неизвестно, добавлен ли получатель. Посмотрите список: {0}\nЕсли он там есть, выпустите ему новый секрет: {1}',
    en: 'It is unknown whether the endpoint was added. Look at the list: {0}\nIf it is there, create a new secret: {1}',
  },
  maybeRotated: {
    ru: 'Неизвестно, выпущен ли секрет. Повторите команду: прежний продолжит подписывать.',
    en: 'It is unknown whether the secret was created. Run the command again: the previous one goes on signing.',
  },
  maybeDelivered: {
    ru: 'Неизвестно, отправлены ли вебхуки. Повторите команду: получатель узнаёт повтор по webhook-id.',
    en: 'It is unknown whether the webhooks were sent. Run the command again: the receiver recognises a repeat by webhook-id.',
  },
  askRemove: {
    ru: 'Удалить получателя «{0}» ({1}) и историю его доставок? [y/N] ',
    en: 'Remove "{0}" ({1}) and its delivery history? [y/N] ',
  },
  replayRest: { ru: 'Отправлено не всё. Остальное:', en: 'Not everything was sent. The rest:' },

  // Results.
  webhookSecret: { ru: 'Секрет', en: 'Secret' },
  webhookSecretOnce: {
    ru: 'Сохраните секрет сейчас: больше он не будет показан.',
    en: 'Save the secret now: it will not be shown again.',
  },
  webhookRemoved: { ru: 'Получатель удалён.', en: 'The endpoint was removed.' },
  webhookAnswered: {
    ru: 'Получен: получатель ответил {0}.',
    en: 'Delivered: the receiver answered {0}.',
  },
  webhookRefused: {
    ru: 'Не принят: получатель ответил {0}.',
    en: 'Not accepted: the receiver answered {0}.',
  },
  webhookFailed: { ru: 'Не доставлен: {0}', en: 'Not delivered: {0}' },
  webhookNext: { ru: 'Следующая попытка: {0}.', en: 'Next attempt: {0}.' },
  webhookWaiting: {
    ru: 'Получатель ещё не ответил. Посмотрите позже: {0}',
    en: 'The receiver has not answered yet. Look later: {0}',
  },
  webhooksQueued: { ru: 'В очереди на отправку: {0}.', en: 'Queued: {0}.' },
  webhooksLater: {
    ru: 'Более ранних событий уже нет. Отправлены события начиная с {0}.',
    en: 'Older events are gone. Sent are the events since {0}.',
  },

  // Names of values.
  webhookEndpoint: { ru: 'Получатель', en: 'Endpoint' },
  webhookAddress: { ru: 'Адрес', en: 'URL' },
  webhookDescription: { ru: 'Описание', en: 'Description' },
  webhookOrders: { ru: 'Заказы', en: 'Orders' },
  webhookCreated: { ru: 'Добавлен', en: 'Added' },
  webhookUntil: { ru: 'Прежний секрет до', en: 'Previous secret until' },
  webhookEvent: { ru: 'webhook-id', en: 'webhook-id' },
  webhookDeliveryId: { ru: 'Id доставки', en: 'Delivery' },
  webhookType: { ru: 'Событие', en: 'Event' },
  webhookQueuedAt: { ru: 'Создана', en: 'Created' },
  webhookDeliveredAt: { ru: 'Доставлен', en: 'Delivered' },
  webhookNextAt: { ru: 'Следующая попытка', en: 'Next attempt' },
  webhookNoAnswer: { ru: 'нет ответа', en: 'no response' },
  'endpoint-enabled': { ru: 'включён', en: 'enabled' },
  'endpoint-disabled': { ru: 'отключён', en: 'disabled' },
  'disabled-operator': { ru: 'отключён оператором', en: 'disabled by an operator' },
  'disabled-gone': {
    ru: 'отключён: получатель ответил 410',
    en: 'disabled: the receiver answered 410',
  },
  'delivery-queued': { ru: 'в очереди', en: 'queued' },
  'delivery-delivering': { ru: 'отправляется', en: 'sending' },
  'delivery-delivered': { ru: 'доставлен', en: 'delivered' },
  'delivery-dead': { ru: 'не доставлен', en: 'not delivered' },
} as const;
