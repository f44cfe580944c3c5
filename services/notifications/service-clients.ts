import type { Logger } from 'pino';
import * as orders from '#contracts/orders.ts';
import * as profiles from '#contracts/profiles.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { createCallTls } from '#platform/http/call-tls.ts';
import { createHttpClient } from '#platform/http/client.ts';
import { createCredentials } from '#platform/http/service-token.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { OrderItems } from './letter/letter-items.ts';
import type { NotificationsConfig } from './service.ts';

const TIMEOUT_MS = 5_000;
// Within the internal call that asks for the preview (ARCHITECTURE.md, time).
const PREVIEW_TIMEOUT_MS = 2_000;

export type ServiceClients = Awaited<ReturnType<typeof openServiceClients>>;

/** The calls of profiles for contact data, and of orders for items. */
export async function openServiceClients(
  config: NotificationsConfig,
  log: Logger,
  metrics: Metrics,
) {
  const { ORDERS_URL: ordersUrls } = config;
  const tls = createCallTls(config, log);
  const credentials = await createCredentials('notifications', config.NOTIFICATIONS_PRIVATE_KEY);
  const shared = { credentials, log, metrics, tls };
  const ofProfiles = createHttpClient({
    callee: 'profiles',
    urls: config.PROFILES_URL,
    ...shared,
  });
  const ofOrders =
    ordersUrls === undefined
      ? null
      : createHttpClient({ callee: 'orders', urls: ordersUrls, ...shared });

  async function contactsOf(customerIds: string[], timeoutMs: number) {
    const answer = await ofProfiles.call(
      profiles.lookUpContacts,
      { body: { customerIds } },
      { deadline: deadlineIn(timeoutMs) },
    );
    // A defect or a wrong setting there, not the caller's fault.
    if (answer.problem) throw unavailable('profiles', answer.status);
    return new Map(answer.body.data.map((profile) => [profile.customerId, profile]));
  }

  async function itemsOf(orderIds: string[], timeoutMs: number): Promise<Map<string, OrderItems>> {
    if (ofOrders === null) return new Map();
    const answer = await ofOrders.call(
      orders.lookUpItems,
      { body: { orderIds } },
      { deadline: deadlineIn(timeoutMs) },
    );
    // A replica of an older version has no such operation. Its letters come without items.
    if (answer.problem && answer.status === 404) return new Map();
    if (answer.problem) throw unavailable('orders', answer.status);
    return new Map(answer.body.data.map((found) => [found.orderId, orderItemsOf(found)]));
  }

  return {
    /** Customers without a profile are absent. */
    lookUpContacts: (customerIds: string[]) => contactsOf(customerIds, TIMEOUT_MS),
    lookUpItems: (orderIds: string[]) => itemsOf(orderIds, TIMEOUT_MS),
    /** For a person who waits; null without a profile. */
    async findContactNow(customerId: string) {
      return (await contactsOf([customerId], PREVIEW_TIMEOUT_MS)).get(customerId) ?? null;
    },
    async findItemsNow(orderId: string) {
      return (await itemsOf([orderId], PREVIEW_TIMEOUT_MS)).get(orderId)?.items;
    },
    /** Those of the addresses that a customer has confirmed, in lower case. */
    async findConfirmed(emails: string[]) {
      // All count as confirmed where none needs a confirmation.
      if (!config.CONFIRM_ADDRESSES) return new Set(emails.map((email) => email.toLowerCase()));
      const answer = await ofProfiles.call(
        profiles.findConfirmedAddresses,
        { body: { emails } },
        { deadline: deadlineIn(TIMEOUT_MS) },
      );
      if (answer.problem) throw unavailable('profiles', answer.status);
      return new Set(answer.body.data);
    },
    async close() {
      await ofProfiles.close();
      await ofOrders?.close();
      tls.close();
    },
  };
}

const unavailable = (service: string, status: number) =>
  new AppError(commonProblems.unavailable, `${service} answered ${status}`);

/** Without article numbers, which letters do not show. */
function orderItemsOf({ orderId, first, count }: FirstItems): OrderItems {
  const shown = first.map(({ name, quantity, unitPrice }) => ({ name, quantity, unitPrice }));
  return { orderId, items: { first: shown, count } };
}

type FirstItems = Omit<OrderItems, 'items'> & OrderItems['items'];
