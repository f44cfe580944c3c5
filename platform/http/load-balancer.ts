import type { Logger } from 'pino';
import { Agent, type buildConnector, Pool } from 'undici';
import { startTimeout, type Timeout } from '../async/timeout.ts';
import { describeError } from '../errors.ts';
import type { Metric } from '../metrics/metrics.ts';
import type { CallTls } from './call-tls.ts';
import { createReadyCheck } from './ready-check.ts';
import { CertificateNeededError, callFaultOf } from './tls.ts';

// Gives every order of the largest expected concurrency its own connection: with pipelining, one
// slow answer delays those behind it.
const CONNECTIONS_MAX = 64;
// Shorter than our servers keep an idle connection (server.ts).
const KEEP_ALIVE_MS = 4_000;
const CONNECT_TIMEOUT_MS = 1_000;
// The largest answers: 64 of the largest orders in one batch (request-batch.ts), and a page of a
// hundred letters with 50 attempts each, whose texts are long and not ASCII (17 MB).
const ANSWER_BYTES_MAX = 24 * 1024 * 1024;

// Half a second: customers do not notice that a recovered replica is unused for that long.
const PROBE_INTERVAL_MS = 500;
const PROBE_TIMEOUT_MS = 1_000;
// A shorter time-out is only the rest of a call's deadline, and does not prove a sick replica.
const CONCLUSIVE_TIMEOUT_MS = 250;

/** Replicas that the attempts of one call have used, so that a retry goes to another one. */
export type AttemptedReplicas = Set<unknown>;

interface Replica {
  url: string;
  pool: Pool;
  /** Outstanding attempts. */
  running: number;
  healthy: boolean;
  /**
   * How often it recovered. A failed attempt that began before a recovery does not eject it.
   */
  recoveries: number;
  probe?: NodeJS.Timeout;
}

/** How connections are opened. */
type Connect = { timeout: number } | buildConnector.connector;

/**
 * The replicas of one service: which one is called next, and which ones are ejected.
 * @param urls base URLs; a single one is always called and never ejected
 * @param tls of https URLs; the authorities that Node knows when absent
 */
export function createLoadBalancer(callee: string, urls: string[], log: Logger, tls?: CallTls) {
  const connectWithin = (timeout: number): Connect => tls?.connector(timeout) ?? { timeout };
  const replicas = urls.map((url) => createReplica(url, connectWithin(CONNECT_TIMEOUT_MS)));
  // Two connections of their own per replica, one for probes and one for readiness checks: a pool
  // that is full of calls must not make its replica look dead.
  const prober = new Agent({ connections: 2, connect: connectWithin(PROBE_TIMEOUT_MS) });
  let turn = 0;
  let closed = false;

  function eject(replica: Replica, fault: unknown): void {
    if (closed || !replica.healthy || replicas.length === 1) return;
    replica.healthy = false;
    log.warn({ callee, replica: replica.url }, `replica left out: ${describeError(fault)}`);
    scheduleProbe(replica);
  }

  function scheduleProbe(replica: Replica): void {
    // With jitter, so that the callers of a recovered replica do not return all at once.
    const waitMs = PROBE_INTERVAL_MS * (0.75 + Math.random() / 2);
    replica.probe = setTimeout(() => void probe(replica), waitMs).unref();
  }

  async function probe(replica: Replica): Promise<void> {
    try {
      await askReady(prober, replica.url);
    } catch {
      if (!closed) scheduleProbe(replica);
      return;
    }
    replica.healthy = true;
    replica.recoveries++;
    log.info({ callee, replica: replica.url }, 'replica is back');
  }

  const checkReady = createReadyCheck(callee, () =>
    Promise.any(replicas.map(({ url }) => askReady(prober, url))).catch(({ errors }) => {
      // Without its message, so that the log names the causes only.
      throw new AggregateError(errors);
    }),
  );

  return {
    /**
     * Runs one attempt of a call on the healthy replica with the least outstanding requests, in
     * turn among equals, preferring a replica that the call has not attempted. When no replica is
     * healthy, all of them are candidates. A failed attempt ejects its replica: it gets no calls
     * while another one is healthy, until its `/readyz` answers 200 again.
     * @param work throws when the replica does not answer, or answers that it cannot serve
     */
    async attempt<T>(
      attempted: AttemptedReplicas,
      timeoutMs: number,
      work: (pool: Pool, timeout: Timeout) => Promise<T>,
    ): Promise<T> {
      const replica = nextReplica(replicas, attempted, turn++);
      const { recoveries } = replica;
      attempted.add(replica);
      const timeout = startTimeout(timeoutMs);
      replica.running++;
      try {
        return await work(replica.pool, timeout);
      } catch (cause) {
        const error = callFaultOf(replica.url, cause);
        const conclusive =
          (!timeout.expired || timeoutMs >= CONCLUSIVE_TIMEOUT_MS) &&
          // Its `/readyz` needs no certificate: it would be back at once.
          !(error instanceof CertificateNeededError);
        if (conclusive && replica.recoveries === recoveries) eject(replica, error);
        throw error;
      } finally {
        replica.running--;
        timeout.clear();
      }
    },
    /**
     * Asks all replicas for their `/readyz`, at most once a second.
     * @throws Error when none was ready for 5 s (ready-check.ts)
     */
    checkReady,
    metrics: replicaMetrics(callee, replicas),
    async close(): Promise<void> {
      closed = true;
      for (const { probe: timer } of replicas) clearTimeout(timer);
      await Promise.all([prober.destroy(), ...replicas.map(({ pool }) => pool.destroy())]);
    },
  };
}

function createReplica(url: string, connect: Connect): Replica {
  const pool = new Pool(url, {
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connect,
    maxResponseSize: ANSWER_BYTES_MAX,
  });
  return { url, pool, running: 0, healthy: true, recoveries: 0 };
}

function replicaMetrics(callee: string, replicas: Replica[]): Metric[] {
  return [
    {
      name: 'http_client_replica_healthy',
      help: 'Whether calls go to a replica: 0 from a failed call until its readiness check succeeds.',
      labels: ['callee', 'replica'],
      read: () =>
        replicas.map(({ url, healthy }) => ({
          value: Number(healthy),
          labels: { callee, replica: new URL(url).host },
        })),
    },
  ];
}

/** @param turn a counter, so that equals take turns */
function nextReplica(replicas: Replica[], attempted: AttemptedReplicas, turn: number): Replica {
  const healthy = replicas.filter((replica) => replica.healthy);
  const able = healthy.length > 0 ? healthy : replicas;
  const fresh = able.filter((replica) => !attempted.has(replica));
  const candidates = fresh.length > 0 ? fresh : able;
  const least = Math.min(...candidates.map(({ running }) => running));
  const idlest = candidates.filter(({ running }) => running === least);
  return idlest[turn % idlest.length] as Replica;
}

/** @throws Error when `/readyz` does not answer 200 in time */
async function askReady(prober: Agent, url: string): Promise<void> {
  const timeout = startTimeout(PROBE_TIMEOUT_MS);
  try {
    const answer = await prober.request({
      origin: url,
      method: 'GET',
      path: '/readyz',
      signal: timeout.signal(),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`/readyz answered ${answer.statusCode}`);
  } catch (error) {
    throw callFaultOf(url, error);
  } finally {
    timeout.clear();
  }
}
