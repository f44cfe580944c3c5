import { AppError } from '../../errors.ts';
import type { Database } from '../../postgres/database.ts';
import { brokerUnavailable } from '../port/broker.ts';
import * as store from './store.ts';

export interface Topics {
  get(name: string): Promise<store.Topic>;
  forget(name: string): void;
}

/** Finds topics, creates missing ones, and caches them. */
export function createTopics(database: Database, partitions: number): Topics {
  const known = new Map<string, store.Topic>();
  return {
    async get(name) {
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
    forget: (name) => known.delete(name),
  };
}
