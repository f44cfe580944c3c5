import { Type } from 'typebox';
import { ORDER_UPDATE_SOURCE } from '#contracts/order-update-message.ts';
import type { EventOrigin } from './lifecycle/store.ts';

// Both go into a header of every message.
const LENGTH_MAX = 200;

/** The characters of RFC 3986, percent-encoded bytes, and at most one fragment. */
const URI_REFERENCE = /^(?:[\w\-.~:/?[\]@!$&'()*+,;=]|%[\dA-Fa-f]{2})*(?:#[^#[\]\s]*)?$/;
/** Three labels at least: `orders.v1` alone belongs to nobody. */
const REVERSE_DNS = /^[A-Za-z](?:[\w-]*\w)?(?:\.\w(?:[\w-]*\w)?){2,}$/;

/** @returns why a text cannot be the CloudEvents `source`, or null */
function sourceFault(text: string): string | null {
  const valid = URI_REFERENCE.test(text) && URL.canParse(text, 'https://host');
  if (valid && text.length <= LENGTH_MAX) return null;
  return `must be a URI or the path of one, such as /orders or https://shop.example/orders, of at most ${LENGTH_MAX} characters`;
}

/** @returns why a text cannot be a second name of the event type, or null */
function aliasFault(text: string): string | null {
  if (REVERSE_DNS.test(text) && text.length <= LENGTH_MAX) return null;
  return `must be a reverse-DNS name, such as com.example.orderbell.order.updated.v1, of at most ${LENGTH_MAX} characters`;
}

export const eventOriginSettings = {
  EVENT_SOURCE: Type.String({
    default: ORDER_UPDATE_SOURCE,
    description:
      'The header `ce_source` of new events: a URI or the path of one. Tells several shops on one cluster apart.',
    check: sourceFault,
  }),
  EVENT_TYPE_ALIAS: Type.Optional(
    Type.String({
      description:
        'A second name of the event type, such as com.example.orderbell.order.updated.v1: new events then have it as the header `ce_typealias`, and `ce_type` stays.',
      check: aliasFault,
    }),
  ),
};

/** What the settings say of new events. */
export function eventOriginOf(config: {
  EVENT_SOURCE: string;
  EVENT_TYPE_ALIAS?: string;
}): EventOrigin {
  return { source: config.EVENT_SOURCE, typeAlias: config.EVENT_TYPE_ALIAS ?? null };
}
