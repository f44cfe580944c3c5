import { Consumer, type ConsumerGroupJoinPayload } from '@platformatic/kafka';
import type { Logger } from 'pino';
import { backoffMs, pause } from '../../async/backoff.ts';
import { createBatcher } from '../../async/batcher.ts';
import { withTimeout } from '../../async/timeout.ts';
import { describeError } from '../../errors.ts';
import { clientOptions, disconnect, guarded, type KafkaConnection } from './client.ts';
import type { KafkaTopic, KafkaTopics } from './topics.ts';

// A member that is silent for so long has lost its partitions. Longer than any pause of a live
// process; this is also how long the partitions of a killed one wait for their next owner.
const SESSION_MS = 10_000;
// By a heartbeat a member learns that others come or go, and until it joins again all wait.
const HEARTBEATS_PER_SESSION = 10;
// How long the group waits for members to join again when something changed.
const REBALANCE_MS = 10_000;
// Joining waits for the other members to do so.
const REQUEST_TIMEOUT_MS = SESSION_MS + REBALANCE_MS;
// The handler's effect is durable already: whoever hears nothing tries again, or a stop goes on.
const COMMIT_TIMEOUT_MS = 3_000;
// Each partition commits once at a time, and a member has no more of them.
const COMMITS_MAX = 10_000;
const BACKOFF = { firstMs: 100, maxMs: 2_000 };
// Nobody tells a group that its topic got partitions, or was made anew.
const TOPIC_CHECK_MS = 10_000;

/** Where the group is to go on in a partition. */
export interface CommitPosition {
  partition: number;
  offset: bigint;
  /** Of the last message before it. */
  leaderEpoch: number;
}

/** The partitions that the group has given to this member, until it changes its mind. */
export interface Assignment {
  topic: KafkaTopic;
  partitions: number[];
  /**
   * Commits a position for the group; partitions that commit at the same time share a request.
   * @throws Error when the group does not take it; the member may have lost the partition
   */
  commit(position: CommitPosition): Promise<void>;
}

export interface MembershipOptions {
  connection: KafkaConnection;
  topics: KafkaTopics;
  topic: string;
  group: string;
  /** What this member has from now on; null while it has nothing. */
  onAssignment: (assignment: Assignment | null) => void;
  log: Logger;
  /** How long a silent member keeps its partitions (default 10 s). */
  sessionMs?: number;
  /** How often the topic is looked at (default 10 s). */
  topicCheckMs?: number;
}

/** Membership of a consumer group. */
export interface Membership {
  /** What was assigned is no longer true, says who read from it: joins anew. */
  renew(reason: string): void;
  /** Leaves the group, so that others take over at once. */
  close(): Promise<void>;
}

/**
 * Keeps being a member of a group until closed: joins, joins again whenever the group, the topic
 * or the connection asks for it, and makes its client anew when that gives up.
 */
export function startMembership(options: MembershipOptions): Membership {
  const { onAssignment, log } = options;
  const closing = new AbortController();
  let end: (reason: string) => void = () => {};

  async function run(): Promise<void> {
    let failures = 0;
    while (!closing.signal.aborted) {
      const member = guarded(createMember(options));
      const ended = Promise.withResolvers<string>();
      end = ended.resolve;
      // The library goes no further after these two; without a listener the first ends the process.
      member.on('error', (error) => ended.resolve(describeError(error)));
      member.on('consumer:heartbeat:stalled', () => ended.resolve('no heartbeat gets through'));
      member.on('consumer:group:join', () => {
        failures = 0;
      });
      try {
        await stayInGroup(member, options, ended);
      } catch (error) {
        failures++;
        log.warn({ failures }, `not a member of the group: ${describeError(error)}`);
      }
      ended.resolve('over');
      onAssignment(null);
      await disconnect(member, () => member.close(true));
      // Also after a membership that ended by itself: it may end as soon as it has begun.
      await pause(backoffMs(Math.max(1, failures), BACKOFF), closing.signal);
    }
  }

  const running = run();
  return {
    renew: (reason) => end(reason),
    async close() {
      closing.abort();
      end('closing');
      await running;
    },
  };
}

function createMember({ connection, group, sessionMs = SESSION_MS }: MembershipOptions): Consumer {
  return new Consumer({
    ...clientOptions(connection, REQUEST_TIMEOUT_MS),
    groupId: group,
    sessionTimeout: sessionMs,
    heartbeatInterval: sessionMs / HEARTBEATS_PER_SESSION,
    // After it the group has given our partitions to others.
    heartbeatStallTimeout: sessionMs,
    rebalanceTimeout: REBALANCE_MS,
  });
}

/** Joins and stays until something ends it. @throws Error when it could not join */
async function stayInGroup(
  member: Consumer,
  options: MembershipOptions,
  ended: PromiseWithResolvers<string>,
): Promise<void> {
  const { topics, topic: name, group, onAssignment, log } = options;
  const topic = await topics.get(name);
  let over = false;
  void ended.promise.then(() => {
    over = true;
  });
  member.topics.track(name);
  member.on('consumer:group:join', ({ assignments = [] }: ConsumerGroupJoinPayload) => {
    // One that is given up may still hear the answer to its last join.
    if (over) return;
    const { partitions = [] } = assignments.find((each) => each.topic === name) ?? {};
    log.info({ partitions }, `joined group ${group}`);
    onAssignment({
      topic,
      partitions,
      commit: createBatcher({
        async run(positions: CommitPosition[]) {
          const offsets = positions.map((position) => ({ topic: name, ...position }));
          await withTimeout(COMMIT_TIMEOUT_MS, member.commit({ offsets }));
          return positions.map(() => undefined);
        },
        // Each says again what it wants, until it is heard.
        isItemError: () => false,
        batchMax: COMMITS_MAX,
        maxConcurrency: 1,
        waitingMax: COMMITS_MAX,
        coalescePerTick: true,
      }),
    });
  });
  const joining = member.joinGroup({});
  // A broker that hangs must not hold up a stop.
  const early = await Promise.race([joining.then(() => null), ended.promise]);
  joining.catch(() => {});
  const reason =
    early ?? (await Promise.race([ended.promise, untilChanged(options, topic, ended)]));
  log.info(`leaving group ${group}: ${reason}`);
}

/** Looks at the topic now and then. @returns what has changed */
async function untilChanged(
  { topics, topic: name, topicCheckMs = TOPIC_CHECK_MS }: MembershipOptions,
  joinedFor: KafkaTopic,
  ended: PromiseWithResolvers<string>,
): Promise<string> {
  const stop = new AbortController();
  void ended.promise.then(() => stop.abort());
  while (!stop.signal.aborted) {
    await pause(topicCheckMs, stop.signal);
    if (stop.signal.aborted) break;
    const now = await topics.get(name).catch(() => joinedFor);
    if (now.id !== joinedFor.id) return 'the topic was made anew';
    if (now.partitions !== joinedFor.partitions) return 'the topic has other partitions';
  }
  return ended.promise;
}
