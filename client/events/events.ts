// `@orderbell/client/events`: reads the topic of Orderbell from another program.
export {
  type ConsumeOptions,
  consumeOrders,
  type OrderConsumer,
} from './consume.ts';
export {
  type ConsumedMessage,
  type MessagePosition,
  type Poison,
  PoisonError,
} from './handle-event.ts';
export {
  createInbox,
  type Inbox,
  type InboxClient,
  type InboxPool,
  inboxTable,
  REPEATED,
} from './inbox.ts';
export type { SaslOptions } from './kafka-client.ts';
export {
  ORDER_UPDATE_TYPE,
  ORDERS_TOPIC,
  type OrderUpdateMessage,
} from './order-update-message.ts';
export {
  EventFormatError,
  type EventMessage,
  type OrderUpdateEvent,
  readEvent,
  type SkippedEvent,
} from './read-event.ts';
