import pino from 'pino';
import { Type } from 'typebox';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { brokerSettings, createBroker } from '#platform/broker/create-broker.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { insertLetters } from '#services/notifications/delivery/letter-store.ts';
import { insertDeadLetters } from '#services/notifications/inbox/dead-letter-store.ts';
import { onOrderUpdates } from '#services/notifications/inbox/on-order-update.ts';

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
await broker.subscribe(ORDERS_TOPIC, 'notifications', async (messages) => {
  const deps = {
    storeAll: (
      letters: Parameters<typeof insertLetters>[1],
      deadLetters: Parameters<typeof insertDeadLetters>[1],
    ) =>
      database.transaction(async (tx) => {
        await insertLetters(tx, letters);
        await insertDeadLetters(tx, deadLetters);
      }),
    onLetters: () => {},
    onUnknownType: () => {},
    now: () => new Date(),
  };
  await onOrderUpdates(deps, messages);
  console.log('here');
  return new Promise(() => {});
});
