import type { Logger } from 'pino';
import type { Static } from 'typebox';
import { listAuditTrail } from '#contracts/audit.ts';
import * as deadLetterOperations from '#contracts/dead-letters.ts';
import {
  ORDER_UPDATE_TYPE,
  ORDERS_TOPIC,
  OrderUpdateMessage,
} from '#contracts/order-update-message.ts';
import { brokerRule, brokerSettings, createBroker } from '#platform/broker/create-broker.ts';
import { settingsSchema } from '#platform/config/load-config.ts';
import { CONSUMER_MIGRATIONS, startConsumer } from '#platform/messaging/consumer/consumer.ts';
import { serveConsumer } from '#platform/messaging/consumer/dead-letter-routes.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { serveAuditTrail } from '#platform/postgres/audit-routes.ts';
import { AUDIT_MIGRATIONS } from '#platform/postgres/audit-trail.ts';
import { startDatabaseClock } from '#platform/postgres/database-clock.ts';
import {
  databaseSettings,
  databaseStep,
  openDatabase,
} from '#platform/postgres/service-database.ts';
import { defineService } from '#platform/service/definition.ts';
import {
  calleeSettings,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { serveDeliveries } from './api/delivery-routes.ts';
import { createPostWebhook } from './delivery/post-webhook.ts';
import { startWebhookWorker } from './delivery/worker.ts';
import { serveEndpoints } from './endpoints/endpoint-routes.ts';
import { createSecretCipher, reencryptSecrets, startReencryption } from './endpoints/secrets.ts';
import { onOrderUpdates } from './inbox/on-order-update.ts';
import { serveErasure } from './operations/erase-customer.ts';
import { countAttempts, webhookMetrics } from './operations/metrics.ts';
import { startWebhookRetention } from './operations/retention.ts';
import { webhookSettings } from './settings.ts';

const DATABASE = {
  name: 'webhooks',
  connectionsMax: 8,
  migrations: [new URL('migrations/', import.meta.url), CONSUMER_MIGRATIONS, AUDIT_MIGRATIONS],
} as const;

/** The group that reads the orders topic. */
const GROUP = 'webhooks';
// As long as notifications keeps its own.
const DEAD_LETTER_DAYS = 90;

export const WebhooksConfig = settingsSchema(
  { ...calleeSettings, ...brokerSettings, ...databaseSettings(DATABASE), ...webhookSettings },
  brokerRule,
);
export type WebhooksConfig = Static<typeof WebhooksConfig>;

/** Starts webhooks: ended orders, sent to the addresses that operators enter. */
export async function startWebhooks(config: WebhooksConfig, log: Logger): Promise<RunningService> {
  const metrics = createMetrics(log);
  const database = await openDatabase(DATABASE, config, { log, metrics });
  const cipher = createSecretCipher(config.WEBHOOKS_SECRET, config.WEBHOOKS_SECRET_PREVIOUS);
  const clock = await databaseStep(database, "its clock and endpoints' secrets", async () => {
    await reencryptSecrets({ database, cipher });
    return startDatabaseClock(database, log);
  });
  const broker = await createBroker(config, 'webhooks', log);
  const guard = { allowPrivate: config.WEBHOOKS_ALLOW_PRIVATE };
  const sender = createPostWebhook(guard);
  const worker = startWebhookWorker({
    database,
    cipher,
    post: sender.post,
    log,
    now: clock.now,
    onRecorded: countAttempts(metrics),
    logRequests: config.LOG_REQUESTS,
  });
  const onDue = worker.kick;
  const consumer = await startConsumer({
    database,
    broker,
    topic: ORDERS_TOPIC,
    group: GROUP,
    type: ORDER_UPDATE_TYPE,
    schema: OrderUpdateMessage,
    store: onOrderUpdates,
    onStored: onDue,
    now: clock.now,
    log,
  });
  const retentionDays = config.WEBHOOK_RETENTION_DAYS;
  const days = { events: retentionDays, deadLetters: DEAD_LETTER_DAYS };
  const retention = startWebhookRetention(days, { database, log, metrics });
  const reencryption = startReencryption({ database, cipher }, log);
  metrics.add([...consumer.metrics, ...webhookMetrics(database)]);
  return startInternalService({
    name: 'webhooks',
    config,
    log,
    database,
    metrics,
    routes(api) {
      serveEndpoints(api, { database, cipher, guard, onDue });
      serveDeliveries(api, { database, retentionDays, now: clock.now, onDue });
      serveErasure(api, consumer.deadLetters);
      serveConsumer(api, deadLetterOperations, consumer);
      serveAuditTrail(api, listAuditTrail, database);
    },
    async close() {
      await consumer.close();
      await Promise.all([worker, retention, reencryption].map((loop) => loop.close()));
      await sender.close();
      await broker.close();
      clock.close();
    },
  });
}

export const service = defineService({
  name: 'webhooks',
  settings: WebhooksConfig,
  start: startWebhooks,
  database: DATABASE,
  descriptions: {
    'webhooks.openapi.json': async () =>
      (await import('#contracts/documents/published.ts')).webhooksApi(),
  },
});
