import type { Broker, MessageHandler } from '#platform/broker/port/broker.ts';

/** A broker whose one subscription gets its messages from the test. */
export function createHandedBroker() {
  let handler: MessageHandler | undefined;
  const broker: Broker = {
    async subscribe(_topic, _group, handle) {
      handler = handle;
      return { close: async () => {} };
    },
    publish: async () => [],
    lag: async () => [],
    endOffsets: async () => null,
    close: async () => {},
  };
  const handle: MessageHandler = (messages) => {
    if (handler === undefined) throw new Error('no subscription exists');
    return handler(messages);
  };
  return { broker, handle };
}
