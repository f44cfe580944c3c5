import { writeFile } from 'node:fs/promises';
import { ORDER_UPDATE_TYPE, OrderUpdateMessage } from '#contracts/order-update-message.ts';

// `npm run event-schema`: writes the JSON Schema of the event kit from the contract.

export const SCHEMA_FILE = new URL(
  '../../client/events/order-update-message.schema.json',
  import.meta.url,
);

type Schema = Record<string, unknown>;

/** What the contract cannot say to programs of others, by member. */
const MEMBERS: Record<string, Schema> = {
  orderId: { format: 'uuid', description: 'The order, and the key of the message.' },
  customerId: { description: "Opaque: the `sub` of the customer's token." },
  version: { description: 'Of the order; it grows with each change.' },
  previousStatus: { description: 'An order ends once, from Pending.' },
  status: { description: 'How the order ended.' },
  total: { description: 'What the order costs.' },
  paymentOperationId: {
    format: 'uuid',
    description: 'The wallet operation that paid the order; null where it is cancelled.',
  },
  reason: { description: 'Why the order was cancelled; null where it is paid.' },
  occurredAt: { format: 'date-time', description: 'When the order ended: RFC 3339, UTC.' },
};

/** `OrderUpdateMessage` as JSON Schema 2020-12, open for members that later versions add. */
export function orderUpdateSchema(): Schema {
  // As JSON: the contract also holds symbols.
  const contract = JSON.parse(JSON.stringify(OrderUpdateMessage)) as { properties: Schema };
  const properties = Object.entries(contract.properties).map(([name, member]) => {
    const more = MEMBERS[name];
    if (more === undefined) throw new Error(`${SCHEMA_FILE.pathname} needs words for ${name}`);
    return [name, { ...(member as Schema), ...more }];
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:orderbell:schema:OrderUpdateMessage:v1',
    title: 'OrderUpdateMessage',
    description:
      `The value of a message of type ${ORDER_UPDATE_TYPE}: an order has ended. ` +
      'Changes within v1 only add members: allow unknown ones.',
    ...contract,
    properties: Object.fromEntries(properties),
  };
}

export function orderUpdateSchemaText(): string {
  return `${JSON.stringify(orderUpdateSchema(), null, 2)}\n`;
}

if (import.meta.main) await writeFile(SCHEMA_FILE, orderUpdateSchemaText());
