import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { ConfirmAddressesSetting } from '#contracts/account-letters.ts';
import { listAuditTrail } from '#contracts/audit.ts';
import * as deadLetterOperations from '#contracts/dead-letters.ts';
import * as profiles from '#contracts/profiles.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { brokerRule, brokerSettings, createBroker } from '#platform/broker/create-broker.ts';
import { settingsSchema } from '#platform/config/load-config.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { callTlsSettings, createCallTls } from '#platform/http/call-tls.ts';
import { createHttpClient } from '#platform/http/client.ts';
import { createCredentials } from '#platform/http/service-token.ts';
import { CONSUMER_MIGRATIONS } from '#platform/messaging/consumer/consumer.ts';
import { serveConsumer } from '#platform/messaging/consumer/dead-letter-routes.ts';
import { createMetrics, type Metrics } from '#platform/metrics/metrics.ts';
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
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { serveAccountLetters } from './account/account-letter-routes.ts';
import { startAccountLetters } from './account/account-letter-worker.ts';
import { serveDelivery, serveLetters, serveRelease } from './api/letter-routes.ts';
import { serveAllLetters } from './api/operator-letter-routes.ts';
import { serveResends } from './api/resend-routes.ts';
import { createRefusalAlarm } from './delivery/refusal-alarm.ts';
import { startRelease } from './delivery/release-letters.ts';
import { startLetterWorker } from './delivery/worker.ts';
import { GROUP, startInbox } from './inbox/on-order-update.ts';
import { providersAt } from './operations/mail-providers.ts';
import { countAttempts, letterMetrics } from './operations/metrics.ts';
import { serveOverview, startOverview } from './operations/overview-routes.ts';
import { keepRefusal } from './operations/overview-store.ts';
import { serveOperations } from './operations/routes.ts';
import { serveErasure } from './privacy/erase-customer.ts';
import { retentionRule, retentionSettings, startLetterRetention } from './privacy/retention.ts';
import { greetedContact } from './recipient/greeting.ts';
import { createMailer } from './smtp/mailer.ts';
import { dkimRule, mailerSettings, mailSettings, senderOf } from './smtp/settings.ts';

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
const CONTACTS_TIMEOUT_MS = 5_000;
// Within the internal call that asks for the preview (ARCHITECTURE.md, time).
const PREVIEW_TIMEOUT_MS = 2_000;

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
};

export const NotificationsConfig = settingsSchema(properties, brokerRule, dkimRule, retentionRule);
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
  const contacts = await openContacts(config, log, metrics);
  const sender = senderOf(config);
  const { alarm, mailer } = openMailer(config, database, log);
  const confirmAddresses = config.CONFIRM_ADDRESSES;
  const lookUpContacts = (ids: string[]) => contacts.lookUp(ids, CONTACTS_TIMEOUT_MS);
  const shared = { database, log, confirmAddresses, lookUpContacts };
  const worker = startLetterWorker({
    ...shared,
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
    findConfirmed: contacts.findConfirmed,
  });
  const inbox = await startInbox({
    database,
    broker,
    log,
    logRequests: config.LOG_REQUESTS,
    now: clock.now,
    claimNew: worker.claimNew,
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
      serveLetters(api, database, sender);
      const findContact = contactFinder(contacts, confirmAddresses);
      serveAllLetters(api, { database, sender, findContact, onDue });
      serveResends(api, { database, sender, findContact, onDue });
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
      await contacts.close();
      await broker.close();
      clock.close();
    },
  });
}

/** Finds the recipient of a preview. */
function contactFinder(contacts: Awaited<ReturnType<typeof openContacts>>, confirm: boolean) {
  return async (customerId: string) => {
    const contact = (await contacts.lookUp([customerId], PREVIEW_TIMEOUT_MS)).get(customerId);
    return contact === undefined ? null : greetedContact(contact, confirm);
  };
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

/** The customers' contact data, from profiles. */
async function openContacts(config: NotificationsConfig, log: Logger, metrics: Metrics) {
  const tls = createCallTls(config, log);
  const client = createHttpClient({
    callee: 'profiles',
    urls: config.PROFILES_URL,
    credentials: await createCredentials('notifications', config.NOTIFICATIONS_PRIVATE_KEY),
    log,
    metrics,
    tls,
  });
  return {
    /** Customers without a profile are absent. */
    async lookUp(customerIds: string[], timeoutMs: number) {
      const answer = await client.call(
        profiles.lookUpContacts,
        { body: { customerIds } },
        { deadline: deadlineIn(timeoutMs) },
      );
      // A defect or a wrong setting there, not the caller's fault.
      if (answer.problem) {
        throw new AppError(commonProblems.unavailable, `profiles answered ${answer.status}`);
      }
      return new Map(answer.body.data.map((profile) => [profile.customerId, profile]));
    },
    /** Those of the addresses that a customer has confirmed, in lower case. */
    async findConfirmed(emails: string[]) {
      // All count as confirmed where none needs a confirmation.
      if (!config.CONFIRM_ADDRESSES) return new Set(emails.map((email) => email.toLowerCase()));
      const answer = await client.call(
        profiles.findConfirmedAddresses,
        { body: { emails } },
        { deadline: deadlineIn(CONTACTS_TIMEOUT_MS) },
      );
      if (answer.problem) {
        throw new AppError(commonProblems.unavailable, `profiles answered ${answer.status}`);
      }
      return new Set(answer.body.data);
    },
    async close() {
      await client.close();
      tls.close();
    },
  };
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
