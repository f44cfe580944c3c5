import type { TestContext } from 'node:test';
import type { OrderUpdateMessage } from '#contracts/order-update-message.ts';
import type { Broker } from '#platform/broker/port/broker.ts';
import { findLetter, type LetterRow } from '#services/notifications/api/letter-list-store.ts';
import { insertLetters } from '#services/notifications/inbox/inbox-store.ts';
import { NotificationsConfig, startNotifications } from '#services/notifications/service.ts';
import { ProfilesConfig, startProfiles } from '#services/profiles/service.ts';
import { openEmbeddedBroker } from '../broker/embedded-broker.ts';
import { eventually } from '../eventually.ts';
import { type SmtpStep, startTestSmtpServer, type TestSmtpServer } from '../faults/smtp-server.ts';
import { startTestService, type TestService, testKeyOf } from './internal-service.ts';
import { type NewLetter, newLetter } from './new-letter.ts';

/** The notifications service with the real profiles service and a scriptable mail server. */
export interface NotificationsService extends TestService {
  server: TestSmtpServer;
  /** The topic's other end, on one partition. */
  broker: Broker;
  profiles: TestService;
  /** Makes or replaces a customer's profile. */
  putProfile(customerId: string, email: string, name?: string): Promise<void>;
  /**
   * Puts a letter into the inbox, with columns changed by SQL before a worker can see it.
   * @returns its id
   */
  insert(
    event?: Partial<OrderUpdateMessage>,
    change?: string,
    message?: Partial<NewLetter>,
  ): Promise<string>;
  letter(id: string): Promise<LetterRow>;
  /** Waits until the letter is in this state with as many attempts recorded. */
  until(id: string, state: LetterRow['state'], attempts: number): Promise<LetterRow>;
}

/** Starts notifications and profiles; all of it ends with the test. */
export async function startNotificationsService(
  t: TestContext,
  script: (SmtpStep | undefined)[] = [],
): Promise<NotificationsService> {
  // Before the services: its hook runs first and ends the connections that they wait on.
  const server = await startTestSmtpServer(t, { script });
  let service: TestService | undefined;
  let broker: Broker | undefined;
  const profiles = await startTestService(
    t,
    'profiles',
    ProfilesConfig,
    startProfiles,
    ['PROFILES_DATABASE_URL'],
    {
      async closeFirst() {
        await broker?.close();
        await service?.close();
      },
    },
  );
  service = await startTestService(
    t,
    'notifications',
    NotificationsConfig,
    startNotifications,
    ['NOTIFICATIONS_DATABASE_URL', 'BROKER_DATABASE_URL'],
    {
      settings: {
        TOPIC_PARTITIONS: '1',
        NOTIFICATIONS_PRIVATE_KEY: testKeyOf('notifications'),
        PROFILES_URL: profiles.url,
        SMTP_URL: server.url,
      },
    },
  );
  const url = service.databaseUrl('BROKER_DATABASE_URL');
  broker = await openEmbeddedBroker(url);
  const { database } = service;
  const letter = async (id: string) => (await findLetter(database, id)) as LetterRow;
  return {
    ...service,
    server,
    broker,
    profiles,
    async putProfile(customerId, email, name = customerId) {
      const body = { email, name, locale: 'ru' };
      const { status } = await profiles.call('PUT', `/profiles/${customerId}`, body);
      if (status !== 200) throw new Error(`profiles answered ${status}`);
    },
    async insert(event = {}, change = '', message = {}) {
      const row = newLetter(event, message);
      await database.transaction(async (tx) => {
        await insertLetters(tx, [row]);
        if (change !== '') await tx.query(`update letters set ${change} where id = $1`, [row.id]);
      });
      return row.id;
    },
    letter,
    until: (id, state, attempts) =>
      eventually(`${state} after ${attempts} attempts`, async () => {
        const row = await letter(id);
        return row.state === state && row.attempts.length === attempts && row;
      }),
  };
}
