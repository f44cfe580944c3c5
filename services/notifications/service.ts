import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import * as profiles from '#contracts/profiles.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { brokerRule, brokerSettings, createBroker } from '#platform/broker/create-broker.ts';
import { settingsSchema } from '#platform/config/load-config.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { createHttpClient } from '#platform/http/client.ts';
import { createCredentials } from '#platform/http/service-token.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { startDatabaseClock } from '#platform/postgres/database-clock.ts';
import { databaseStep, migrate } from '#platform/postgres/migrate.ts';
import {
  calleeSettings,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { parseSender } from '#platform/values/mail-address.ts';
import { serveDelivery } from './api/delivery-routes.ts';
import { serveLetters } from './api/letter-routes.ts';
import { serveAllLetters, serveDeadLetters } from './api/operator-routes.ts';
import { createRefusalAlarm } from './delivery/refusal-alarm.ts';
import { startLetterWorker } from './delivery/worker.ts';
import { createInbox } from './inbox/inbox.ts';
import { onOrderUpdates } from './inbox/on-order-update.ts';
import { countUnknownTypes } from './inbox/unknown-types.ts';
import { serveAudit } from './operations/audit-routes.ts';
import { notificationMetrics } from './operations/metrics.ts';
import { serveOverview } from './operations/overview-routes.ts';
import { keepRefusal } from './operations/overview-store.ts';
import { serveRepairs } from './operations/repair-routes.ts';
import { createMailer } from './smtp/mailer.ts';

const CONNECTIONS_MAX = 12;
const GROUP = 'notifications';
const CONTACTS_DEADLINE_MS = 5_000;
// Within one internal call of who asks for the preview (ARCHITECTURE.md, time).
const PREVIEW_DEADLINE_MS = 2_000;

const properties = {
  ...calleeSettings,
  ...brokerSettings,
  NOTIFICATIONS_DATABASE_URL: Type.String({
    format: 'postgres-url',
    description: 'PostgreSQL database of the notifications service.',
  }),
  NOTIFICATIONS_PRIVATE_KEY: Type.String({
    format: 'ed25519-key',
    description: "Ed25519 key (PKCS#8 PEM) that signs this service's calls to profiles.",
  }),
  PROFILES_URL: Type.Array(Type.String({ format: 'http-url' }), {
    description: 'Base URLs of profiles, comma-separated.',
  }),
  SMTP_URL: Type.String({
    format: 'smtp-url',
    description: 'Mail server: smtp://user:password@host:port, smtps:// for TLS.',
  }),
  // As many as Postfix opens to one destination.
  SMTP_CONNECTIONS: Type.Integer({
    default: 20,
    minimum: 1,
    maximum: 100,
    description: 'Letters sent at the same time.',
  }),
  MAIL_FROM: Type.String({
    default: 'Orderbell <orders@orderbell.localdomain>',
    format: 'mail-sender',
    description: 'Sender of the letters; its domain is the domain of their Message-IDs.',
  }),
};

export const NotificationsConfig = settingsSchema(properties, brokerRule);
export type NotificationsConfig = Static<typeof NotificationsConfig>;

/** Starts notifications: the inbox of order updates, the letter worker, the letters API. */
export async function startNotifications(
  config: NotificationsConfig,
  log: Logger,
): Promise<RunningService> {
  const database = createDatabase({
    url: config.NOTIFICATIONS_DATABASE_URL,
    connectionsMax: CONNECTIONS_MAX,
    applicationName: 'notifications',
    log,
  });
  await migrate(database, new URL('migrations/', import.meta.url));
  const clock = await databaseStep(database, 'its clock', () => startDatabaseClock(database, log));
  const broker = await createBroker(config, 'notifications', log);
  const profilesClient = createHttpClient({
    callee: 'profiles',
    urls: config.PROFILES_URL,
    credentials: await createCredentials('notifications', config.NOTIFICATIONS_PRIVATE_KEY),
    log,
  });
  const mailer = createMailer({
    url: config.SMTP_URL,
    connectionsMax: config.SMTP_CONNECTIONS,
    log,
  });
  const domain = parseSender(config.MAIL_FROM)?.address.split('@')[1];
  // Deterministic, so that receivers can tell a second copy (RFC 5322 section 3.6.4).
  const messageIdOf = (letterId: string): string => `${letterId}@${domain}`;
  const sender = { from: config.MAIL_FROM, messageIdOf };

  async function lookUpContacts(customerIds: string[], deadlineMs = CONTACTS_DEADLINE_MS) {
    const answer = await profilesClient.call(
      profiles.lookUpContacts,
      { body: { customerIds } },
      { deadline: deadlineIn(deadlineMs) },
    );
    // A defect or a wrong setting there, not the caller's fault.
    if (answer.problem) {
      throw new AppError(commonProblems.unavailable, `profiles answered ${answer.status}`);
    }
    return new Map(answer.body.data.map((profile) => [profile.customerId, profile]));
  }

  const alarm = createRefusalAlarm({
    log,
    keep: (fault, response) => keepRefusal(database, fault, response),
  });
  const worker = startLetterWorker({
    database,
    mailer,
    ...sender,
    log,
    onOurFault: alarm.raise,
    now: clock.now,
    lookUpContacts: (customerIds) => lookUpContacts(customerIds),
  });
  const storeAll = createInbox(database);
  const unknownTypes = countUnknownTypes(log);
  const subscription = await broker.subscribe(ORDERS_TOPIC, GROUP, (messages) =>
    onOrderUpdates(
      {
        storeAll,
        onLetters: worker.kick,
        onUnknownType: unknownTypes.count,
        now: clock.now,
      },
      messages,
    ),
  );
  return startInternalService({
    name: 'notifications',
    config,
    log,
    ready: { database: () => database.query('select 1') },
    metrics: notificationMetrics({ database, broker, group: GROUP, unknownTypes, alarm }),
    routes(api) {
      serveLetters(api, database, sender);
      serveAllLetters(api, {
        database,
        sender,
        findContact: async (customerId) =>
          (await lookUpContacts([customerId], PREVIEW_DEADLINE_MS)).get(customerId) ?? null,
        onDue: worker.kick,
      });
      serveDeadLetters(api, database, worker.kick);
      serveAudit(api, { database, broker, group: GROUP });
      serveRepairs(api, database);
      serveDelivery(api, database, sender);
      serveOverview(api, { database, broker, group: GROUP });
    },
    async close() {
      await subscription.close();
      await worker.close();
      await mailer.close();
      await profilesClient.close();
      await broker.close();
      clock.close();
      await database.close();
    },
  });
}
