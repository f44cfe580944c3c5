import pino from 'pino';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { BrokerSettings, createBroker } from '#platform/broker/create-broker.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { startRelay } from '#platform/messaging/outbox-relay.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { startInbox } from '#services/notifications/inbox/on-order-update.ts';

// A process for a test to kill: it reports a chosen moment and then hangs. Its argument names
// it: `relay` hangs between the broker's acknowledgement and the mark in the outbox, `consumer`
// between the commit of the letters and that of the position.

const log = pino({ level: 'silent' });
const open = (name: string) =>
  createDatabase({
    url: process.env[name] as string,
    connectionsMax: 8,
    applicationName: 'dying',
    log,
  });
const broker = await createBroker(loadConfig('dying', BrokerSettings, process.env), 'dying', log);
const hang = (): Promise<never> => {
  console.log('here');
  return new Promise(() => {});
};

if (process.argv[2] === 'relay') {
  startRelay({
    database: open('ORDERS_DATABASE_URL'),
    broker: {
      ...broker,
      publish: (topic, messages) => broker.publish(topic, messages).then(hang),
    },
    topic: ORDERS_TOPIC,
    log,
  });
} else {
  await startInbox({
    database: open('NOTIFICATIONS_DATABASE_URL'),
    broker: {
      ...broker,
      subscribe: (topic, group, handle) =>
        broker.subscribe(topic, group, (messages) => handle(messages).then(hang)),
    },
    log,
    now: () => new Date(),
    onLetters: () => {},
  });
}
