import pino from 'pino';
import { Type } from 'typebox';
import { brokerSettings, createBroker } from '#platform/broker/create-broker.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { startInbox } from '#services/notifications/inbox/on-order-update.ts';

// A member of the group of notifications for a test to kill: it stops for ever, and says so,
// between the commit of the letters and that of the position.

const log = pino({ level: 'silent' });
const open = (name: string) =>
  createDatabase({
    url: process.env[name] as string,
    connectionsMax: 8,
    applicationName: 'dying',
    log,
  });
const database = open('NOTIFICATIONS_DATABASE_URL');
const settings = loadConfig('dying', Type.Object(brokerSettings), process.env);
const broker = await createBroker(settings, 'dying', log);
const dying: typeof broker = {
  ...broker,
  subscribe: (topic, group, handle) =>
    broker.subscribe(topic, group, async (messages) => {
      await handle(messages);
      console.log('here');
      return new Promise(() => {});
    }),
};
await startInbox({ database, broker: dying, log, now: () => new Date(), onLetters: () => {} });
