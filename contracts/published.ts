import { asyncApi } from './asyncapi.ts';
import * as billing from './billing.ts';
import * as gateway from './gateway.ts';
import * as identity from './identity.ts';
import * as notifications from './notifications.ts';
import { openApiOf } from './openapi.ts';
import * as orders from './orders.ts';
import * as profiles from './profiles.ts';

const internal = 'Internal: reachable only with a service credential of the callers named.';

/** The public API. */
export function gatewayApi(): Record<string, unknown> {
  return openApiOf(
    'Orderbell',
    'Orders paid from the wallet while the customer waits; letters tell the outcome. ' +
      'Заказы оплачиваются из кошелька сразу, письма сообщают результат.',
    gateway,
  );
}

/** Every description that `contracts/published/` holds, by file name. */
export function publishedDescriptions(): Record<string, Record<string, unknown>> {
  return {
    'gateway.openapi.json': gatewayApi(),
    'orders.openapi.json': openApiOf('Orderbell orders', internal, orders),
    'billing.openapi.json': openApiOf('Orderbell billing', internal, billing),
    'profiles.openapi.json': openApiOf('Orderbell profiles', internal, profiles),
    'notifications.openapi.json': openApiOf('Orderbell notifications', internal, notifications),
    'identity.openapi.json': openApiOf('Orderbell identity', internal, identity),
    'orders.asyncapi.json': asyncApi(),
  };
}

/** The text of a published file. */
export function publishedText(description: Record<string, unknown>): string {
  return `${JSON.stringify(description, null, 2)}\n`;
}
