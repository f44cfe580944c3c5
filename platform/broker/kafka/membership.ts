import { Consumer, type ConsumerGroupJoinPayload } from '@platformatic/kafka';
import type { Logger } from 'pino';
import { backoffMs } from '../../async/backoff.ts';
import { createBatcher } from '../../async/batcher.ts';
import { startLoop } from '../../async/loop.ts';
import { withTimeout } from '../../async/timeout.ts';
import { clientOptions, disconnect, guarded, type KafkaConnection } from './client.ts';
import { explainFault } from './faults.ts';
import type { KafkaTopic, KafkaTopics } from './topics.ts';

// A member that is silent for this long loses its partitions. Longer than any pause of a live
// process. The partitions of a killed process wait this long for their next owner.
const SESSION_MS = 10_000;
// A member learns of a rebalance by its heartbeat, and the whole group waits until it rejoins.
const HEARTBEATS_PER_SESSION = 10;
// How long the group waits for members to rejoin.
const REBALANCE_MS = 10_000;
// A join waits for the other members to rejoin.
const REQUEST_TIMEOUT_MS = SESSION_MS + REBALANCE_MS;
// The handler's effect is durable already: after a time-out the commit is retried.
const COMMIT_TIMEOUT_MS = 3_000;
// Each partition has one commit at a time, and a member owns fewer partitions.
const COMMITS_MAX = 10_000;
const BACKOFF = { firstMs: 100, maxMs: 2_000 };
// Kafka does not notify a group when its topic gets partitions, or is recreated.
const TOPIC_CHECK_MS = 10_000;

interface CommitPosition {
  partition: number;
  offset: bigint;
  /** Leader epoch of the message before it. */
  leaderEpoch: number;
}

/** The partitions that are assigned to this member, until the next rebalance. */
export interface Assignment {
  topic: KafkaTopic;
  partitions: number[];
  /**
   * Commits a position for the group; partitions that commit at the same time share a request.
   * @throws Error when the group refuses it; the member may have lost the partition
   */
  commit(position: CommitPosition): Promise<void>;
}

export interface MembershipOptions {
  connection: KafkaConnection;
  topics: KafkaTopics;
  topic: string;
  group: string;
  /** Called with each new assignment; null when there is none. */
  onAssignment: (assignment: Assignment | null) => void;
  log: Logger;
  /** How long a silent member keeps its partitions (default 10 s). */
  sessionMs?: number;
  /** How often the topic is checked (default 10 s). */
  topicCheckMs?: number;
}

export type Membership = ReturnType<typeof startMembership>;

/**
 * Stays in a group until closed: joins, rejoins when the group, the topic or the connection
 * changes, and replaces its client after a fault.
 */
export function startMembership(options: MembershipOptions) {
  const { connection, topic, group, onAssignment, log } = options;
  let end: (reason: string) => void = () => {};
  const loop = startLoop({
    name: 'not a member of the group',
    log,
    retry: BACKOFF,
    async round() {
      let lost: Error | undefined;
      const member = guarded(createMember(options), (error) => {
        lost = error;
      });
      const ended = Promise.withResolvers<string>();
      end = ended.resolve;
      // Also when the join fails, and nothing waits for it.
      ended.promise.catch(() => {});
      // The library stops after these two events; without a listener the first ends the process.
      member.on('error', ended.reject);
      member.on('consumer:heartbeat:stalled', () => ended.resolve('no heartbeat gets through'));
      try {
        await stayInGroup(member, options, ended);
      } catch (error) {
        throw explainFault(error, connection, { topic, group, lost });
      } finally {
        ended.resolve('over');
        onAssignment(null);
        await disconnect(member, () => member.close(true));
      }
      // Waits even after a normal end, since memberships may keep ending right after the join.
      return backoffMs(1, BACKOFF);
    },
  });
  return {
    /** Rejoins: a reader found that the assignment is outdated. */
    rejoin: (reason: string) => end(reason),
    /** Leaves the group, so that the other members take over at once. */
    async close(): Promise<void> {
      const closed = loop.close();
      end('closing');
      await closed;
    },
  };
}

function createMember({ connection, group, sessionMs = SESSION_MS }: MembershipOptions): Consumer {
  return new Consumer({
    ...clientOptions(connection, REQUEST_TIMEOUT_MS),
    groupId: group,
    sessionTimeout: sessionMs,
    heartbeatInterval: sessionMs / HEARTBEATS_PER_SESSION,
    // After it the group has reassigned our partitions.
    heartbeatStallTimeout: sessionMs,
    rebalanceTimeout: REBALANCE_MS,
  });
}

/** Joins the group and stays until something ends it. @throws Error when it could not join */
async function stayInGroup(
  member: Consumer,
  options: MembershipOptions,
  ended: PromiseWithResolvers<string>,
): Promise<void> {
  const { connection, topics, topic: name, group, onAssignment, log } = options;
  const topic = await topics.get(name);
  let over = false;
  const onEnd = () => {
    over = true;
  };
  ended.promise.then(onEnd, onEnd);
  member.topics.track(name);
  member.on('consumer:group:join', ({ assignments = [] }: ConsumerGroupJoinPayload) => {
    // A replaced member may still receive the answer to its last join.
    if (over) return;
    const { partitions = [] } = assignments.find((each) => each.topic === name) ?? {};
    log.info({ partitions }, `joined group ${group}`);
    onAssignment({
      topic,
      partitions,
      commit: createBatcher({
        async run(positions: CommitPosition[]) {
          const offsets = positions.map((position) => ({ topic: name, ...position }));
          await withTimeout(COMMIT_TIMEOUT_MS, member.commit({ offsets })).catch((error) => {
            throw explainFault(error, connection, { topic: name, group });
          });
          return positions.map(() => undefined);
        },
        batchMax: COMMITS_MAX,
        waitingMax: COMMITS_MAX,
      }),
    });
  });
  const joining = member.joinGroup({});
  // A broker that hangs must not delay a stop.
  const early = await Promise.race([joining.then(() => null), ended.promise]);
  joining.catch(() => {});
  const reason = early ?? (await untilOutdated(options, topic, ended));
  log.info(`leaving group ${group}: ${reason}`);
}

/** Checks the topic until the membership ends or is outdated. @returns the reason */
async function untilOutdated(
  { topics, topic: name, topicCheckMs = TOPIC_CHECK_MS, log }: MembershipOptions,
  joinedFor: KafkaTopic,
  ended: PromiseWithResolvers<string>,
): Promise<string> {
  const checks = startLoop({
    name: 'check of the topic',
    log,
    firstInMs: topicCheckMs,
    retry: { firstMs: topicCheckMs, maxMs: topicCheckMs },
    async round() {
      const now = await topics.get(name);
      if (now.id !== joinedFor.id) ended.resolve('the topic was recreated');
      if (now.partitions !== joinedFor.partitions) ended.resolve('the topic has other partitions');
      return topicCheckMs;
    },
  });
  return ended.promise.finally(() => void checks.close());
}
