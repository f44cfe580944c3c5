import type { Logger } from 'pino';
import { Agent, Pool } from 'undici';
import { describeError } from '../errors.ts';

// Enough for every order of the largest expected concurrency to have its own connection: with
// pipelining one slow answer would delay those behind it.
const CONNECTIONS_MAX = 64;
// Shorter than our servers keep an idle connection (http-server.ts).
const KEEP_ALIVE_MS = 4_000;
const CONNECT_TIMEOUT_MS = 1_000;
// The largest answers: 64 of the largest orders for one request of several calls (calls.ts), and a
// page of a hundred letters with 50 attempts each, whose texts are long and not ASCII (17 MB).
const ANSWER_BYTES_MAX = 24 * 1024 * 1024;

// Twice a second: a replica that is back is missed for no longer than a customer notices.
const PROBE_INTERVAL_MS = 500;
const PROBE_TIMEOUT_MS = 1_000;
// Whoever asks whether we are ready may ask often; the replicas are asked once a second for it.
const LOOK_KEPT_MS = 1_000;
// A time-out after less, with the rest of a call's budget, says more about the call.
const TELLING_TIMEOUT_MS = 250;

/** What the attempts of one call have met: where it was, so that a repetition goes elsewhere. */
export type AttemptedReplicas = Set<unknown>;

/** The time that an attempt has. */
export interface TimeLimit {
  /** Whether it has run out. */
  readonly over: boolean;
  /** @returns the work's end, or an error once the time has run out; the work goes on */
  within<T>(work: Promise<T>): Promise<T>;
  /** Aborted when it runs out. */
  signal(): AbortSignal;
  clear(): void;
}

// By a timer of its own: those of AbortSignal.timeout outlive the answer, thousands of them under
// load, and a signal costs more than the rest of a call that needs none.
export function limitIn(timeoutMs: number): TimeLimit {
  const fault = () => new Error('no answer in time');
  let abort: AbortController | undefined;
  let giveUp = (): void => {};
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    abort?.abort(fault());
    giveUp();
  }, timeoutMs);
  return {
    get over() {
      return over;
    },
    within(work) {
      return new Promise((resolve, reject) => {
        giveUp = () => reject(fault());
        work.then(resolve, reject);
      });
    },
    signal() {
      abort ??= new AbortController();
      return abort.signal;
    },
    clear: () => clearTimeout(timer),
  };
}

/** The replicas of one service: which of them is called next, and which is left out. */
export interface Replicas {
  /**
   * Runs one attempt of a call: on the healthy replica with the least under way, in turn where
   * several have as little, preferring one that the call has not attempted. When no replica is healthy
   * all of them count. An attempt that fails marks its replica unhealthy: then it gets no calls
   * while another is healthy, until its `/readyz` answers 200 again.
   * @param work throws when no answer came or one that says that the replica is not able
   */
  attempt<T>(
    attempted: AttemptedReplicas,
    timeoutMs: number,
    work: (pool: Pool, limit: TimeLimit) => Promise<T>,
  ): Promise<T>;
  /**
   * Asks all of them for their `/readyz`, at most once a second.
   * @throws Error when none is ready within a second
   */
  checkReady(): Promise<void>;
  close(): Promise<void>;
}

interface Replica {
  url: string;
  pool: Pool;
  /** Attempts under way. */
  running: number;
  healthy: boolean;
  /** How often it came back: an attempt from before says nothing about the time after. */
  returns: number;
  probe?: NodeJS.Timeout;
}

/** @param urls base URLs; one alone is always called, there is nothing to choose */
export function createLoadBalancer(callee: string, urls: string[], log: Logger): Replicas {
  const replicas = urls.map((url): Replica => {
    const pool = new Pool(url, {
      connections: CONNECTIONS_MAX,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      maxResponseSize: ANSWER_BYTES_MAX,
    });
    return { url, pool, running: 0, healthy: true, returns: 0 };
  });
  // Connections of their own, one for each of the two who ask: calls that fill a pool must not make
  // its replica look dead.
  const prober = new Agent({ connections: 2, connect: { timeout: PROBE_TIMEOUT_MS } });
  let turn = 0;
  let look: { result: Promise<void>; until: number } | undefined;
  let closed = false;

  function next(attempted: AttemptedReplicas): Replica {
    const healthy = replicas.filter((replica) => replica.healthy);
    const able = healthy.length > 0 ? healthy : replicas;
    const fresh = able.filter((replica) => !attempted.has(replica));
    const candidates = fresh.length > 0 ? fresh : able;
    const least = Math.min(...candidates.map(({ running }) => running));
    const idlest = candidates.filter(({ running }) => running === least);
    return idlest[turn++ % idlest.length] as Replica;
  }

  function eject(replica: Replica, fault: unknown): void {
    if (closed || !replica.healthy || replicas.length === 1) return;
    replica.healthy = false;
    log.warn({ callee, replica: replica.url }, `replica left out: ${describeError(fault)}`);
    probeLater(replica);
  }

  function probeLater(replica: Replica): void {
    // With jitter, so that the callers of a replica that comes back do not come all at once.
    const waitMs = PROBE_INTERVAL_MS * (0.75 + Math.random() / 2);
    replica.probe = setTimeout(() => void probe(replica), waitMs).unref();
  }

  async function probe(replica: Replica): Promise<void> {
    try {
      await askReady(replica);
    } catch {
      if (!closed) probeLater(replica);
      return;
    }
    replica.healthy = true;
    replica.returns++;
    log.info({ callee, replica: replica.url }, 'replica is back');
  }

  async function askReady({ url }: Replica): Promise<void> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(new Error('no answer in time')), PROBE_TIMEOUT_MS);
    try {
      const answer = await prober.request({
        origin: url,
        method: 'GET',
        path: '/readyz',
        signal: abort.signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`/readyz answered ${answer.statusCode}`);
    } finally {
      clearTimeout(timer);
    }
  }

  async function lookAtAll(): Promise<void> {
    try {
      await Promise.any(replicas.map(askReady));
    } catch (error) {
      const cause = (error as AggregateError).errors[0];
      throw new Error(`no replica of ${callee} is ready`, { cause });
    }
  }

  return {
    async attempt(attempted, timeoutMs, work) {
      const replica = next(attempted);
      const { returns } = replica;
      attempted.add(replica);
      const limit = limitIn(timeoutMs);
      replica.running++;
      try {
        return await work(replica.pool, limit);
      } catch (error) {
        const telling = !limit.over || timeoutMs >= TELLING_TIMEOUT_MS;
        if (telling && replica.returns === returns) eject(replica, error);
        throw error;
      } finally {
        replica.running--;
        limit.clear();
      }
    },
    checkReady() {
      const now = performance.now();
      if (look === undefined || look.until < now) {
        look = { result: lookAtAll(), until: now + LOOK_KEPT_MS };
      }
      return look.result;
    },
    async close() {
      closed = true;
      for (const { probe: timer } of replicas) clearTimeout(timer);
      await Promise.all([prober.destroy(), ...replicas.map(({ pool }) => pool.destroy())]);
    },
  };
}
