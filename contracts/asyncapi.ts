import {
  ORDER_UPDATE_SOURCE,
  ORDER_UPDATE_TYPE,
  ORDERS_TOPIC,
  OrderUpdateMessage,
} from './order-update-message.ts';

const text = (description: string, value?: string) => ({
  type: 'string',
  description,
  ...(value !== undefined && { const: value }),
});

/** The AsyncAPI 3.0 document of the topic `orders` (docs/reference/events.md). */
export function asyncApi(): Record<string, unknown> {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Orderbell events',
      version: '1.0.0',
      description:
        'One OrderUpdateMessage per order that ended, at least once, keyed by the order id. ' +
        'CloudEvents 1.0, Kafka binary mode. Within v1 members are only added.',
    },
    channels: {
      orders: {
        address: ORDERS_TOPIC,
        messages: { OrderUpdateMessage: { $ref: '#/components/messages/OrderUpdateMessage' } },
      },
    },
    operations: {
      publishOrderUpdate: {
        action: 'send',
        channel: { $ref: '#/channels/orders' },
        summary: 'Orders tells that an order was paid or cancelled',
      },
    },
    components: {
      messages: {
        OrderUpdateMessage: {
          contentType: 'application/json',
          bindings: { kafka: { key: text('The order id') } },
          headers: {
            type: 'object',
            required: ['ce_specversion', 'ce_id', 'ce_type', 'ce_source', 'ce_subject'],
            properties: {
              ce_specversion: text('CloudEvents version', '1.0'),
              ce_id: text('UUID of the event: repeated deliveries carry the same'),
              ce_type: text('Type and version', ORDER_UPDATE_TYPE),
              ce_source: text('Who tells', ORDER_UPDATE_SOURCE),
              ce_subject: text('The order id'),
              ce_time: text('When the order ended, RFC 3339'),
              'content-type': text('Of the value', 'application/json'),
              traceparent: text('W3C Trace Context of the request'),
            },
          },
          payload: OrderUpdateMessage,
        },
      },
    },
  };
}
