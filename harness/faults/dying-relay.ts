import pino from 'pino';
import { Type } from 'typebox';
import { ORDER_UPDATE_SOURCE, ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { brokerSettings, createBroker } from '#platform/broker/create-broker.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { startRelay } from '#platform/messaging/outbox-relay.ts';
import { createDatabase } from '#platform/postgres/database.ts';

// A relay for a test to kill: it stops for ever, and says so, between the broker's acknowledgement
// and the mark in the outbox.

const log = pino({ level: 'silent' });
const open = (name: string) =>
  createDatabase({
    url: process.env[name] as string,
    connectionsMax: 4,
    applicationName: 'dying',
    log,
  });
const settings = loadConfig('dying', Type.Object(brokerSettings), process.env);
const broker = await createBroker(settings, 'dying', log);
startRelay({
  database: open('ORDERS_DATABASE_URL'),
  broker: {
    ...broker,
    async publish(topic, messages) {
      await broker.publish(topic, messages);
      console.log('here');
      return new Promise(() => {});
    },
  },
  topic: ORDERS_TOPIC,
  source: ORDER_UPDATE_SOURCE,
  log,
});
