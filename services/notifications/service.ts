import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { ConfirmAddressesSetting } from '#contracts/account-letters.ts';
import { listAuditTrail } from '#contracts/audit.ts';
import * as deadLetterOperations from '#contracts/dead-letters.ts';
import { brokerRule, brokerSettings, createBroker } from '#platform/broker/create-broker.ts';
import { settingsSchema } from '#platform/config/load-config.ts';
import { callTlsSettings } from '#platform/http/call-tls.ts';
import { CONSUMER_MIGRATIONS } from '#platform/messaging/consumer/consumer.ts';
import { serveConsumer } from '#platform/messaging/consumer/dead-letter-routes.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { serveAuditTrail } from '#platform/postgres/audit-routes.ts';
import { AUDIT_MIGRATIONS } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
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
  type InternalApi,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { serveAccountLetters } from './account/account-letter-routes.ts';
import { startAccountLetters } from './account/account-letter-worker.ts';
import { serveDelivery, serveLetters, serveRelease } from './api/letter-routes.ts';
import { serveAllLetters } from './api/operator-letter-routes.ts';
import { servePreviews } from './api/preview-routes.ts';
import { serveResends } from './api/resend-routes.ts';
import { createRefusalAlarm } from './delivery/refusal-alarm.ts';
import { startRelease } from './delivery/release-letters.ts';
import { startLetterWorker } from './delivery/worker.ts';
import { GROUP, startInbox } from './inbox/on-order-update.ts';
import type { Sender } from './letter/letter-mail.ts';
import { providersAt } from './operations/mail-providers.ts';
import { countAttempts, letterMetrics } from './operations/metrics.ts';
import { serveOverview, startOverview } from './operations/overview-routes.ts';
import { keepRefusal } from './operations/overview-store.ts';
import { serveOperations } from './operations/routes.ts';
import { serveErasure } from './privacy/erase-customer.ts';
import { retentionRule, retentionSettings, startLetterRetention } from './privacy/retention.ts';
import { openServiceClients, type ServiceClients } from './service-clients.ts';
import { createMailer } from './smtp/mailer.ts';
import { dkimRule, mailerSettings, mailSettings, senderOf } from './smtp/settings.ts';
import { lettersOf, templateSettings, templatesRule } from './templates/settings.ts';

const DATABASE = {
  name: 'notifications',
  connectionsMax: 12,
  migrations: [
    new URL('migrations/', import.meta.url),
    CONSUMER_MIGRATIONS,
    AUDIT_MIGRATIONS,
    SAMPLE_MIGRATIONS,
  ],
} as const;

const properties = {
  ...calleeSettings,
  ...brokerSettings,
  ...databaseSettings(DATABASE),
  NOTIFICATIONS_PRIVATE_KEY: Type.String({
    format: 'ed25519-key',
    description: "Ed25519 key (PKCS#8 PEM) that signs this service's calls to profiles.",
  }),
  PROFILES_URL: Type.Array(Type.String({ format: 'http-url' }), {
    description: 'Base URLs of profiles, comma-separated.',
  }),
  CONFIRM_ADDRESSES: ConfirmAddressesSetting,
  ...callTlsSettings,
  ...mailSettings,
  ...retentionSettings,
  ...templateSettings,
};

export const NotificationsConfig = settingsSchema(
  properties,
  brokerRule,
  dkimRule,
  retentionRule,
  templatesRule,
);
export type NotificationsConfig = Static<typeof NotificationsConfig>;

/** Starts notifications: the inbox of order updates, the letter worker, the letters API. */
export async function startNotifications(
  config: NotificationsConfig,
  log: Logger,
): Promise<RunningService> {
  const metrics = createMetrics(log);
  const database = await openDatabase(DATABASE, config, { log, metrics });
  const clock = await databaseStep(database, 'its clock', () => startDatabaseClock(database, log));
  const broker = await createBroker(config, 'notifications', log);
  const clients = await openServiceClients(config, log, metrics);
  const sender = { ...senderOf(config), ...lettersOf(config) };
  const { alarm, mailer } = openMailer(config, database, log);
  const { CONFIRM_ADDRESSES: confirmAddresses } = config;
  const { lookUpContacts, lookUpItems, findConfirmed } = clients;
  const shared = { database, log, confirmAddresses, lookUpContacts };
  const worker = startLetterWorker({
    ...shared,
    lookUpItems,
    mailer,
    sender,
    onRecorded: countAttempts(metrics),
    onFault: alarm.raise,
    logRequests: config.LOG_REQUESTS,
    now: clock.now,
  });
  const onDue = worker.kick;
  const release = startRelease({ ...shared, onDue });
  const accountLetters = startAccountLetters({
    database,
    mailer,
    sender,
    log,
    onFault: alarm.raise,
    findConfirmed,
  });
  const inbox = await startInbox({
    database,
    broker,
    log,
    logRequests: config.LOG_REQUESTS,
    now: clock.now,
    claimNew: worker.claimNew,
    templateVersion: config.LETTER_TEMPLATE,
    onLetters: worker.take,
  });
  const providers = () => providersAt(clock.now(), mailer.providers());
  const { deadLetters } = inbox;
  const overview = startOverview({ database, broker, group: GROUP, deadLetters, providers, log });
  const retention = startLetterRetention(config, { database, log, metrics });
  metrics.add([...inbox.metrics, ...letterMetrics(database, alarm, mailer.providers)]);
  return startInternalService({
    name: 'notifications',
    config,
    log,
    database,
    metrics,
    routes(api) {
      serveLetterViews(api, { config, database, sender, clients, onDue });
      serveAccountLetters(api, database, accountLetters.kick);
      serveRelease(api, release.release);
      serveConsumer(api, deadLetterOperations, inbox);
      serveDelivery(api, { database, deadLetters, sender });
      serveErasure(api, { database, deadLetters });
      serveOperations(api, { database, broker, group: GROUP });
      serveOverview(api, overview);
      serveAuditTrail(api, listAuditTrail, database);
    },
    async close() {
      await inbox.close();
      const loops = [worker, accountLetters, release, retention, overview];
      await Promise.all(loops.map((loop) => loop.close()));
      await mailer.close();
      await clients.close();
      await broker.close();
      clock.close();
    },
  });
}

/** Letters as customers and operators see them, and their resend. */
function serveLetterViews(
  api: InternalApi,
  deps: {
    config: NotificationsConfig;
    database: Database;
    sender: Sender;
    clients: ServiceClients;
    onDue: () => void;
  },
): void {
  const { config, database, sender, clients, onDue } = deps;
  serveLetters(api, database, sender);
  serveAllLetters(api, { database, sender });
  servePreviews(api, {
    database,
    sender,
    templateVersion: config.LETTER_TEMPLATE,
    confirmAddresses: config.CONFIRM_ADDRESSES,
    findContact: clients.findContactNow,
    findItems: clients.findItemsNow,
  });
  serveResends(api, { database, sender, onDue });
}

/** The mail servers, and the alarm for their faults. */
function openMailer(config: NotificationsConfig, database: Database, log: Logger) {
  const alarm = createRefusalAlarm({
    log,
    keep: (fault, response) => keepRefusal(database, fault, response),
  });
  const mailer = createMailer({
    ...mailerSettings(config),
    log,
    onPaused: alarm.pause,
    onResumed: alarm.resume,
  });
  return { alarm, mailer };
}

export const service = defineService({
  name: 'notifications',
  settings: NotificationsConfig,
  start: startNotifications,
  database: DATABASE,
  descriptions: {
    'notifications.openapi.json': async () =>
      (await import('#contracts/documents/published.ts')).notificationsApi(),
  },
});
