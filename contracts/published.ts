import type { TSchema } from 'typebox';
import { asyncApi } from './asyncapi.ts';
import * as billing from './billing.ts';
import { Money } from './common.ts';
import * as gateway from './gateway.ts';
import * as identity from './identity.ts';
import * as notifications from './notifications.ts';
import { openApiOf } from './openapi.ts';
import * as orders from './orders.ts';
import * as profiles from './profiles.ts';

/** The public API. */
export function gatewayApi(): Record<string, unknown> {
  return openApiOf({
    title: 'Orderbell',
    description:
      'Orders paid from the wallet while the customer waits; letters tell the outcome. ' +
      'Заказы оплачиваются из кошелька сразу, письма сообщают результат.',
    endpoints: gateway,
    tags: ['account', 'wallet', 'orders', 'letters', 'operator'],
    schemas: {
      AccessToken: identity.AccessToken,
      Letter: notifications.Letter,
      Money,
      NewOrder: gateway.NewOrder,
      Order: gateway.PublicOrder,
      OrderItem: orders.OrderItem,
      Profile: profiles.Profile,
      ProfileData: profiles.ProfileData,
      Wallet: billing.Wallet,
      WalletOperation: billing.WalletOperation,
    },
  });
}

function internalApi(
  service: string,
  endpoints: Record<string, unknown>,
  schemas: Record<string, TSchema>,
): Record<string, unknown> {
  return openApiOf({
    title: `Orderbell ${service}`,
    description: 'Internal: reachable only with a service credential of the callers named.',
    endpoints,
    schemas,
  });
}

/** Every description that `contracts/published/` holds, by file name. */
export function publishedDescriptions(): Record<string, Record<string, unknown>> {
  const { Order, OrderItem } = orders;
  const { Payment, PaymentDecision, PaymentRequest, Wallet, WalletOperation } = billing;
  const { Profile, ProfileData } = profiles;
  return {
    'gateway.openapi.json': gatewayApi(),
    'orders.openapi.json': internalApi('orders', orders, { Money, Order, OrderItem }),
    'billing.openapi.json': internalApi('billing', billing, {
      ...{ Money, Payment, PaymentDecision, PaymentRequest, Wallet, WalletOperation },
    }),
    'profiles.openapi.json': internalApi('profiles', profiles, { Profile, ProfileData }),
    'notifications.openapi.json': internalApi('notifications', notifications, {
      Letter: notifications.Letter,
    }),
    'identity.openapi.json': internalApi('identity', identity, {
      AccessToken: identity.AccessToken,
    }),
    'orders.asyncapi.json': asyncApi(),
  };
}

/** The text of a published file. */
export function publishedText(description: Record<string, unknown>): string {
  return `${JSON.stringify(description, null, 2)}\n`;
}
