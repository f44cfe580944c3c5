import type { TestContext } from 'node:test';
import type { OrderUpdateMessage } from '#contracts/order-update-message.ts';
import { insertLetters } from '#services/notifications/inbox/inbox-store.ts';
import { service as notificationsService } from '#services/notifications/service.ts';
import { service as profilesService } from '#services/profiles/service.ts';
import { openBroker } from '../broker/broker.ts';
import { type SmtpStep, startTestSmtpServer } from '../faults/smtp-server.ts';
import { startTestService, testKeyOf } from './internal-service.ts';
import { lettersIn, type NewLetter, newLetter } from './new-letter.ts';

export type NotificationsService = Awaited<ReturnType<typeof startNotificationsService>>;

/**
 * Starts notifications with the real profiles service and a scriptable mail server; all of it ends
 * with the test.
 */
export async function startNotificationsService(
  t: TestContext,
  script: (SmtpStep | undefined)[] = [],
  settings: Record<string, string> = {},
) {
  // Before the services: its hook runs first and ends the connections that they wait on.
  const server = await startTestSmtpServer(t, { script });
  const open = new AsyncDisposableStack();
  // Before profiles, whose hook would end it under its callers.
  t.after(() => open.disposeAsync());
  const profiles = await startTestService(t, profilesService);
  const service = await startTestService(t, notificationsService, {
    TOPIC_PARTITIONS: '1',
    NOTIFICATIONS_PRIVATE_KEY: testKeyOf('notifications'),
    PROFILES_URL: profiles.url,
    SMTP_URL: server.url,
    CONFIRM_ADDRESSES: 'false',
    ...settings,
  });
  open.defer(service.close);
  const url = service.databaseUrl('BROKER_DATABASE_URL');
  const broker = await openBroker({ BROKER_DATABASE_URL: url, TOPIC_PARTITIONS: '1' });
  open.defer(() => broker.close());
  const { database } = service;
  return {
    ...service,
    ...lettersIn(database),
    server,
    /** The topic's other end, on one partition. */
    broker,
    profiles,
    /** Makes or replaces a customer's profile. */
    async putProfile(customerId: string, email: string, name = customerId) {
      const body = { email, name, locale: 'ru' };
      const { status } = await profiles.call('PUT', `/profiles/${customerId}`, body);
      if (status !== 200) throw new Error(`profiles answered ${status}`);
    },
    /**
     * Puts a letter into the inbox, with columns changed by SQL before a worker can see it.
     * @returns its id
     */
    async insert(
      event: Partial<OrderUpdateMessage> = {},
      change = '',
      message: Partial<NewLetter> = {},
    ) {
      const row = newLetter(event, message);
      await database.transaction(async (tx) => {
        await insertLetters(tx, [row]);
        if (change !== '') await tx.query(`update letters set ${change} where id = $1`, [row.id]);
      });
      return row.id;
    },
  };
}
