import type pg from 'pg';
import type { Metrics } from '../metrics/metrics.ts';

// A free connection takes microseconds; the longest wait is that for a new one (connections.ts).
const BUCKETS_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2];

/** Measures the use of a pool, and how long work waits for a connection. */
export function measurePool(pool: pg.Pool, metrics: Metrics | undefined): void {
  if (metrics === undefined) return;
  const wait = metrics.histogram({
    name: 'database_pool_wait_duration_seconds',
    help: 'Time from the request for a database connection to its use, or to the time-out.',
    labels: [],
    buckets: BUCKETS_S,
  });
  metrics.add([
    {
      name: 'database_pool_connections',
      help: 'Open connections of the pool to the database, by state.',
      labels: ['state'],
      read: () => [
        { value: pool.totalCount - pool.idleCount, labels: { state: 'in_use' } },
        { value: pool.idleCount, labels: { state: 'idle' } },
      ],
    },
    {
      name: 'database_pool_connections_max',
      help: 'Most connections that the pool opens.',
      read: () => [{ value: pool.options.max }],
    },
    {
      name: 'database_pool_waiting',
      help: 'Statements and transactions that wait for a connection.',
      read: () => [{ value: pool.waitingCount }],
    },
  ]);
  const observe = wait.labels().observe;
  measureWaits(pool, (startedAt) => observe((performance.now() - startedAt) / 1_000));
}

/** `pool.query` takes its connection by `connect` too, so this sees every wait. */
function measureWaits(pool: pg.Pool, record: (startedAt: number) => void): void {
  type Connect = (onClient?: (...result: unknown[]) => void) => Promise<pg.PoolClient> | undefined;
  const connect = pool.connect.bind(pool) as Connect;
  const measured: Connect = (onClient) => {
    const startedAt = performance.now();
    if (onClient !== undefined) {
      return connect((...result) => {
        record(startedAt);
        onClient(...result);
      });
    }
    return connect()?.finally(() => record(startedAt));
  };
  pool.connect = measured as pg.Pool['connect'];
}
