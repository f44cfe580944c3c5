import {
  ORDER_UPDATE_SOURCE,
  ORDER_UPDATE_TYPE,
  ORDERS_TOPIC,
  OrderUpdateMessage,
} from '../order-update-message.ts';
import { CONTACT, LICENCE_URL } from './openapi.ts';
import { withComponents } from './schemas.ts';

interface Header {
  type: 'string';
  description: string;
  const?: string;
  format?: string;
  default?: string;
}

const text = (description: string, more: Omit<Header, 'type' | 'description'> = {}): Header => ({
  type: 'string',
  description,
  ...more,
});

const ORDER_ID = '0198c1f2-7d3a-7c52-9a41-3f6d0b5e8c11';
const CUSTOMER_ID = '5f0c2a7e-3b1d-4e8f-9a6b-7c8d9e0f1a44';

/** The headers of a message: CloudEvents attributes in Kafka's binary mode, and the trace. */
const headers = {
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_type', 'ce_source', 'ce_subject'],
  properties: {
    ce_specversion: text('Version of CloudEvents.', { const: '1.0' }),
    ce_id: text('Id of the event. Repeated deliveries carry the same: drop them by it.', {
      format: 'uuid',
    }),
    ce_type: text('Type and version of the message.', { const: ORDER_UPDATE_TYPE }),
    ce_typealias: text(
      'A second name of the type, often in reverse-DNS form; present where `EVENT_TYPE_ALIAS` is set.',
    ),
    ce_source: text('Which system publishes it; `EVENT_SOURCE` sets another.', {
      default: ORDER_UPDATE_SOURCE,
      format: 'uri-reference',
    }),
    ce_subject: text('The order id, as the key.', { format: 'uuid' }),
    ce_time: text('When the order ended, RFC 3339.', { format: 'date-time' }),
    'content-type': text('Of the value.', { const: 'application/json' }),
    traceparent: text('W3C Trace Context of the request that ended the order.'),
  },
};

const paid = {
  orderId: ORDER_ID,
  customerId: CUSTOMER_ID,
  version: 2,
  previousStatus: 'Pending',
  status: 'Paid',
  total: { amount: 90_000, currency: 'RUB' },
  paymentOperationId: '0198c1f2-7d4f-7aa0-8b7e-5c2d1e0f9a22',
  reason: null,
  occurredAt: '2026-03-05T09:07:00.164Z',
};

const example = (id: string, name: string, summary: string, payload: object) => ({
  name,
  summary,
  headers: {
    ce_specversion: '1.0',
    ce_id: id,
    ce_type: ORDER_UPDATE_TYPE,
    ce_source: ORDER_UPDATE_SOURCE,
    ce_subject: ORDER_ID,
    ce_time: paid.occurredAt,
    'content-type': 'application/json',
  },
  payload,
});

const examples = [
  example('0198c1f2-7d55-7b21-9c3d-4e5f6a7b8c66', 'paid', 'An order was paid', paid),
  example('0198c1f2-7d55-7b21-9c3d-4e5f6a7b8c67', 'cancelled', 'The wallet held too little', {
    ...paid,
    status: 'Cancelled',
    paymentOperationId: null,
    reason: 'insufficient-funds',
  }),
];

const DESCRIPTION =
  'One OrderUpdateMessage for each order that ended, at least once, keyed by the order id. ' +
  'CloudEvents 1.0 in Kafka binary mode: the value is plain JSON, the attributes are headers. ' +
  'Events of different orders have no order. Within v1 members are only added: ignore unknown ones.';

const server = (host: string, description: string) => ({
  host,
  protocol: 'kafka',
  protocolVersion: '3.0',
  description,
  security: [{ $ref: '#/components/securitySchemes/login' }],
});

/** The AsyncAPI 3.1 document of the topic `orders` (docs/reference/events.md). */
export function asyncApi(): Record<string, unknown> {
  const payload = withComponents({}, (components) =>
    components.publish(OrderUpdateMessage, 'answer'),
  ).written;
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Orderbell events',
      version: '1.0.0',
      description: DESCRIPTION,
      contact: CONTACT,
      license: { name: 'Apache License 2.0', url: LICENCE_URL },
      tags: [{ name: 'orders', description: 'What becomes of orders.' }],
    },
    defaultContentType: 'application/json',
    servers: {
      kafka: {
        ...server('{broker}', 'The brokers of the installation, as `KAFKA_BROKERS` names them.'),
        variables: {
          broker: { default: 'localhost:9092', description: 'Host and port of a broker.' },
        },
      },
    },
    channels: {
      orders: {
        address: ORDERS_TOPIC,
        title: 'Orders that ended',
        description: 'The topic; `KAFKA_PREFIX`, where it is set, stands before its name.',
        servers: [{ $ref: '#/servers/kafka' }],
        messages: { OrderUpdateMessage: { $ref: '#/components/messages/OrderUpdateMessage' } },
      },
    },
    operations: {
      publishOrderUpdate: {
        action: 'send',
        channel: { $ref: '#/channels/orders' },
        title: 'An order ended',
        summary: 'Orders tells that an order was paid or cancelled',
        description:
          'Published after the order has ended, also when the broker was away at that moment. ' +
          'A consumer sees repetitions and drops them by `ce_id`.',
        messages: [{ $ref: '#/channels/orders/messages/OrderUpdateMessage' }],
      },
    },
    components: {
      securitySchemes: {
        login: {
          type: 'scramSha512',
          description: 'The login of your Kafka cluster; `npm run kafka` starts one without.',
        },
      },
      messages: {
        OrderUpdateMessage: {
          name: 'OrderUpdateMessage',
          title: 'An order was paid or cancelled',
          contentType: 'application/json',
          bindings: { kafka: { key: text('The order id', { format: 'uuid' }) } },
          headers,
          payload,
          examples,
        },
      },
    },
  };
}
