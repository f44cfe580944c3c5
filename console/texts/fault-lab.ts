import type { FaultName, LabCheck, LabStep, LabVerdict } from '../model/fault-lab.ts';

interface FaultText {
  name: string;
  does: string;
  expect: string;
}

interface FaultLabTexts {
  title: string;
  lead: string;
  off: { title: string; hint: string; lessons: string };
  faults: Record<FaultName, FaultText>;
  expect: string;
  on: string;
  isOff: string;
  endsIn: (time: string) => string;
  hits: (count: string) => string;
  turnOn: string;
  turnOff: string;
  lasts: string;
  minutes: (count: number) => string;
  allOff: string;
  place: string;
  placing: string;
  orders: string;
  none: { title: string; hint: string };
  order: (number: number) => string;
  during: (names: string) => string;
  noFault: string;
  changed: string;
  verdicts: Record<LabVerdict, string>;
  check: { what: string; expected: string; observed: string };
  checks: Record<LabCheck['name'], string>;
  notYet: string;
  waited: (time: string) => string;
  values: Record<string, string>;
  letters: (count: string, kind: string) => string;
  steps: string;
  kinds: Record<string, string>;
  outcomes: Record<LabStep['outcome'], string>;
  times: (count: number) => string;
  journey: (number: number) => string;
}

/** The page of the fault lab. */
export const faultLab: { ru: FaultLabTexts; en: FaultLabTexts } = {
  ru: {
    title: 'Лаборатория сбоев',
    lead: 'Включите сбой, оформите заказ и сравните: что обещает протокол и что вышло на деле. Всё происходит только на этой машине, и каждый сбой выключится сам.',
    off: {
      title: 'Лаборатория не запущена',
      hint: 'Она работает только на вашей машине. Остановите Orderbell и запустите его с ней:',
      lessons: 'Пять уроков к ней лежат в папке docs/lessons.',
    },
    faults: {
      'billing-slow': {
        name: 'Медленный биллинг',
        does: 'Биллинг списывает деньги сразу, но ответ задерживается на 6 секунд. Клиент ждёт не дольше 5.',
        expect:
          'Клиент получает 202: заказ есть, исход неизвестен. Примерно через 30 секунд восстановление находит решение, и заказ оплачен. Списание одно.',
      },
      'answer-lost': {
        name: 'Потерян ответ после списания',
        does: 'Биллинг списал деньги, но соединение обрывается раньше, чем доходит ответ. Теряется каждый второй ответ.',
        expect:
          'Шлюз повторяет запрос, биллинг возвращает то же решение. Клиент получает 201, списание одно.',
      },
      'payment-lost': {
        name: 'Потерян запрос на списание',
        does: 'Запрос на оплату обрывается по дороге и до биллинга не доходит. Остальные запросы проходят.',
        expect:
          'Клиент получает 202. Примерно через 30 секунд восстановление аннулирует оплату: заказ отменён, списаний нет, уходит письмо горя.',
      },
      'broker-away': {
        name: 'Брокер недоступен',
        does: 'Соединения с брокером обрываются: события о заказах некуда отправить.',
        expect:
          'Клиент сразу получает 201. Событие ждёт в outbox, письма нет. Когда брокер вернётся, письмо уйдёт, и только одно.',
      },
      'profiles-away': {
        name: 'Профили недоступны',
        does: 'Сервис нотификаций не может узнать адрес и имя клиента.',
        expect:
          'Клиент сразу получает 201. Письмо ждёт, попытки повторяются. Когда профили вернутся, письмо уйдёт.',
      },
      'mail-refuses': {
        name: 'Почтовый сервер отказывает',
        does: 'На каждое письмо сервер отвечает 450: попробуйте позже.',
        expect:
          'Клиент сразу получает 201. Каждый отказ записан как попытка, паузы растут. Когда сервер снова начнёт принимать письма, оно уйдёт.',
      },
      'mail-hangs': {
        name: 'Почтовый сервер завис',
        does: 'Сервер принимает соединение и молчит.',
        expect:
          'Клиент сразу получает 201. Через несколько секунд попытка прерывается. Письмо ждёт и уйдёт, когда сервер снова заработает.',
      },
    },
    expect: 'Что должно быть',
    on: 'Включён',
    isOff: 'Выключен',
    endsIn: (time) => `сам выключится через ${time}`,
    hits: (count) => `Запросов на оплату задето: ${count}`,
    turnOn: 'Включить',
    turnOff: 'Выключить',
    lasts: 'Сбой длится',
    minutes: (count) => `${count} мин`,
    allOff: 'Выключить все',
    place: 'Оформить заказ',
    placing: 'Ждём ответа на заказ…',
    orders: 'Что вышло',
    none: {
      title: 'Заказов ещё нет',
      hint: 'Включите сбой и оформите заказ. Его оформит клиент лаборатории, деньги на кошелёк он получит сам.',
    },
    order: (number) => `Заказ ${number}`,
    during: (names) => `Во время сбоя: ${names}`,
    noFault: 'Без сбоев',
    changed:
      'Переключатель сменили, пока заказ ждал ответа: ответ и исход не сравниваются, только деньги и письмо.',
    verdicts: {
      'as-expected': 'Всё так, как обещает протокол',
      differs: 'Вышло иначе',
      open: 'Пока всё верно, ещё не конец',
      'not-placed': 'Заказ не оформлен',
    },
    check: { what: 'Что', expected: 'Должно быть', observed: 'Вышло' },
    checks: {
      answer: 'Ответ клиенту',
      end: 'Заказ',
      charges: 'Списаний с кошелька',
      waits: 'Письмо во время сбоя',
      letter: 'Письмо',
    },
    notYet: 'ещё не известно',
    waited: (time) => `через ${time}`,
    values: {
      Paid: 'оплачен',
      Cancelled: 'отменён',
      waits: 'ждёт',
      sent: 'ушло',
      failed: 'не доставлено',
      happiness: 'письмо счастья',
      grief: 'письмо горя',
    },
    letters: (count, kind) => `отправлено ${count}: ${kind}`,
    steps: 'Путь заказа',
    kinds: {
      request: 'Заказ принят шлюзом',
      create: 'Заказ создан',
      recover: 'Восстановление',
      decide: 'Решение об оплате',
      record: 'Исход записан',
      answer: 'Ответ клиенту',
      publish: 'Событие отправлено брокеру',
      receive: 'Событие получено',
      contact: 'Адрес получен из профилей',
      send: 'Письмо передано почтовому серверу',
      reply: 'Ответ почтового сервера',
    },
    outcomes: {
      done: 'готово',
      refused: 'отказ',
      failed: 'сбой',
      unknown: 'неизвестно',
      waiting: 'впереди',
    },
    times: (count) => `× ${count}`,
    journey: (number) => `Весь путь заказа ${number}`,
  },
  en: {
    title: 'Fault lab',
    lead: 'Switch a fault on, place an order, and compare what the protocol promises with what happens. It all stays on this machine, and each fault ends by itself.',
    off: {
      title: 'The fault lab is not running',
      hint: 'It exists on your own machine only. Stop Orderbell and start it with the lab:',
      lessons: 'The folder docs/lessons has five lessons for it.',
    },
    faults: {
      'billing-slow': {
        name: 'Slow billing',
        does: 'Billing charges at once, but its answer takes 6 seconds. The client waits at most 5.',
        expect:
          'The client gets 202: the order exists, its outcome is not known. After about 30 seconds recovery finds the decision, and the order is paid. One charge.',
      },
      'answer-lost': {
        name: 'Answer lost after the charge',
        does: 'Billing has charged, but the connection breaks before its answer arrives. Every second answer is lost.',
        expect:
          'The gateway repeats the request, and billing returns the same decision. The client gets 201. One charge.',
      },
      'payment-lost': {
        name: 'Payment request lost',
        does: 'The request for the payment breaks off and never reaches billing. Other requests pass.',
        expect:
          'The client gets 202. After about 30 seconds recovery voids the payment: the order is cancelled, nothing is charged, and a letter of grief follows.',
      },
      'broker-away': {
        name: 'Broker away',
        does: 'Connections to the broker break, so events about orders have nowhere to go.',
        expect:
          'The client gets 201 at once. The event waits in the outbox, and no letter is sent. Once the broker is back, exactly one goes out.',
      },
      'profiles-away': {
        name: 'Profiles away',
        does: 'Notifications cannot look up the customer’s address and name.',
        expect:
          'The client gets 201 at once. The letter waits and is tried again. Once profiles are back, it goes out.',
      },
      'mail-refuses': {
        name: 'Mail server refuses',
        does: 'The server answers each letter with 450: try again later.',
        expect:
          'The client gets 201 at once. Each refusal is recorded as an attempt, and the pauses grow. Once the server accepts again, the letter goes out.',
      },
      'mail-hangs': {
        name: 'Mail server hangs',
        does: 'The server takes the connection and then says nothing.',
        expect:
          'The client gets 201 at once. The attempt is given up after a few seconds. The letter waits and goes out once the server recovers.',
      },
    },
    expect: 'What to expect',
    on: 'On',
    isOff: 'Off',
    endsIn: (time) => `ends by itself in ${time}`,
    hits: (count) => `Payment requests affected: ${count}`,
    turnOn: 'Turn on',
    turnOff: 'Turn off',
    lasts: 'A fault lasts',
    minutes: (count) => `${count} min`,
    allOff: 'Turn all off',
    place: 'Place an order now',
    placing: 'Waiting for the answer to the order…',
    orders: 'What happened',
    none: {
      title: 'No orders yet',
      hint: 'Switch a fault on and place an order. A customer of the lab places it and tops up their own wallet.',
    },
    order: (number) => `Order ${number}`,
    during: (names) => `During: ${names}`,
    noFault: 'Without a fault',
    changed:
      'A switch was turned before the answer came: answer and outcome are not compared, only money and letter.',
    verdicts: {
      'as-expected': 'Just as the protocol promises',
      differs: 'Different from what was expected',
      open: 'As expected so far, not over yet',
      'not-placed': 'The order was not placed',
    },
    check: { what: 'What', expected: 'Expected', observed: 'Observed' },
    checks: {
      answer: 'Answer to the client',
      end: 'Order',
      charges: 'Charges to the wallet',
      waits: 'Letter during the fault',
      letter: 'Letter',
    },
    notYet: 'not known yet',
    waited: (time) => `after ${time}`,
    values: {
      Paid: 'paid',
      Cancelled: 'cancelled',
      waits: 'waits',
      sent: 'sent',
      failed: 'not delivered',
      happiness: 'letter of happiness',
      grief: 'letter of grief',
    },
    letters: (count, kind) => `${count} sent: ${kind}`,
    steps: 'Journey of the order',
    kinds: {
      request: 'Gateway takes the order',
      create: 'Order is stored',
      recover: 'Recovery',
      decide: 'Payment is decided',
      record: 'Outcome is recorded',
      answer: 'Answer to the client',
      publish: 'Event goes to the broker',
      receive: 'Event is received',
      contact: 'Address is read from profiles',
      send: 'Letter goes to the mail server',
      reply: 'Mail server answers',
    },
    outcomes: {
      done: 'done',
      refused: 'refused',
      failed: 'failed',
      unknown: 'unknown',
      waiting: 'to come',
    },
    times: (count) => `× ${count}`,
    journey: (number) => `Full journey of order ${number}`,
  },
};
