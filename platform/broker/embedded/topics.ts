import { AppError } from '../../errors.ts';
import type { Database } from '../../postgres/database.ts';
import { brokerUnavailable } from '../port/broker.ts';
import * as store from './store.ts';

export type Topics = ReturnType<typeof createTopics>;

/** Finds topics, creates missing ones, and caches them. */
export function createTopics(database: Database, partitions: number) {
  const known = new Map<string, store.Topic>();
  return {
    async get(name: string): Promise<store.Topic> {
      let topic = known.get(name) ?? (await store.findTopic(database, name));
      if (topic === undefined) {
        await store.insertTopic(database, name, partitions);
        topic = await store.findTopic(database, name);
      }
      if (topic === undefined)
        throw new AppError(brokerUnavailable, `topic ${name} was removed meanwhile`);
      known.set(name, topic);
      return topic;
    },
    forget: (name: string) => known.delete(name),
  };
}
