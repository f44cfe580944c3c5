import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { listAuditTrail } from '#contracts/audit.ts';
import { CurrencySetting } from '#contracts/common.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { brokerRule, brokerSettings, createBroker } from '#platform/broker/create-broker.ts';
import { settingsSchema } from '#platform/config/load-config.ts';
import { startOutboxRetention } from '#platform/messaging/outbox-maintenance.ts';
import { startRelay } from '#platform/messaging/outbox-relay.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { serveAuditTrail } from '#platform/postgres/audit-routes.ts';
import { AUDIT_MIGRATIONS } from '#platform/postgres/audit-trail.ts';
import { startDatabaseClock } from '#platform/postgres/database-clock.ts';
import { SAMPLE_MIGRATIONS } from '#platform/postgres/sampling.ts';
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
import { eventOriginOf, eventOriginSettings } from './event-origin.ts';
import { serveItems } from './lifecycle/item-routes.ts';
import { serveOrders } from './lifecycle/order-routes.ts';
import { servePendingOrders } from './lifecycle/pending-routes.ts';
import { serveFigures, startFigures } from './operations/figures.ts';
import { orderMetrics } from './operations/metrics.ts';
import { serveOperations } from './operations/routes.ts';
import { serveOperatorOrders } from './operator/operator-routes.ts';
import { serveOrderErasure } from './privacy/erase-orders.ts';

const DATABASE = {
  name: 'orders',
  connectionsMax: 16,
  migrations: [new URL('migrations/', import.meta.url), AUDIT_MIGRATIONS, SAMPLE_MIGRATIONS],
} as const;

const properties = {
  ...calleeSettings,
  ...brokerSettings,
  ...databaseSettings(DATABASE),
  CURRENCY: CurrencySetting,
  ...eventOriginSettings,
  OUTBOX_RELAY: Type.String({
    default: 'on',
    pattern: '^(on|off)$',
    description: 'off: Debezium publishes the outbox instead, and orders needs no broker.',
  }),
};

export const OrdersConfig = settingsSchema(properties, (config, ...rest) =>
  config.OUTBOX_RELAY === 'off' ? [] : brokerRule(config, ...rest),
);
export type OrdersConfig = Static<typeof OrdersConfig>;

/** Starts orders: its API, and the relay that publishes what its outbox holds, unless it is off. */
export async function startOrders(config: OrdersConfig, log: Logger): Promise<RunningService> {
  const metrics = createMetrics(log);
  const database = await openDatabase(DATABASE, config, { log, metrics });
  const clock = await databaseStep(database, 'its clock', () => startDatabaseClock(database, log));
  const broker = config.OUTBOX_RELAY === 'on' ? await createBroker(config, 'orders', log) : null;
  const origin = eventOriginOf(config);
  const outbox =
    broker === null
      ? { ...startOutboxRetention({ database, log }), kick: () => {} }
      : startRelay({
          database,
          broker,
          topic: ORDERS_TOPIC,
          log,
          logged: config.LOG_REQUESTS ? (row) => ({ orderId: row.aggregateid }) : undefined,
        });
  const relayed = broker !== null;
  metrics.add(orderMetrics(database, relayed));
  const figures = startFigures({ database, log, relayed });
  return startInternalService({
    name: 'orders',
    config,
    log,
    // Ready without the broker: orders are taken and paid while it is down. Invariant I7.
    database,
    metrics,
    routes(api) {
      serveOrders(api, {
        ...{ database, clock, origin },
        currency: config.CURRENCY,
        onEvent: outbox.kick,
      });
      serveItems(api, database);
      servePendingOrders(api, database);
      serveOperatorOrders(api, database);
      serveOrderErasure(api, database);
      serveOperations(api, {
        ...{ database, origin },
        relayed,
        onEvent: outbox.kick,
      });
      serveFigures(api, figures);
      serveAuditTrail(api, listAuditTrail, database);
    },
    async close() {
      await Promise.all([outbox.close(), figures.close()]);
      await broker?.close();
      clock.close();
    },
  });
}

export const service = defineService({
  name: 'orders',
  settings: OrdersConfig,
  start: startOrders,
  database: DATABASE,
  descriptions: {
    'orders.openapi.json': async () =>
      (await import('#contracts/documents/published.ts')).ordersApi(),
    'orders.asyncapi.json': async () =>
      (await import('#contracts/documents/asyncapi.ts')).asyncApi(),
  },
});
