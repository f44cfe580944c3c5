import type { RunningService } from '#platform/service/internal-service.ts';

export type ReplicaSet = Awaited<ReturnType<typeof startReplicaSet>>;

/**
 * Starts a replica for each port.
 * @param ports undefined leaves the port to the service's settings
 * @throws Error of the first replica that did not start; those that did are closed again
 */
export async function startReplicaSet(
  ports: (string | undefined)[],
  startOne: (port: string | undefined) => Promise<RunningService>,
) {
  let running = await startAll(ports, startOne);
  const urls = running.map(({ url }) => url);
  return {
    /** Base URLs, the same after a stop and a start. */
    urls,
    /** The replicas that run, in the order of `urls`; none while the service is stopped. */
    get running(): RunningService[] {
      return running;
    },
    async stop(): Promise<void> {
      const stopping = running;
      running = [];
      await settleAll(stopping.map((replica) => replica.close()));
    },
    /** Starts all replicas on their earlier ports, since callers know these addresses. */
    async start(): Promise<void> {
      if (running.length > 0) return;
      running = await startAll(
        urls.map((url) => new URL(url).port),
        startOne,
      );
    },
  };
}

async function startAll(
  ports: (string | undefined)[],
  startOne: (port: string | undefined) => Promise<RunningService>,
): Promise<RunningService[]> {
  const started: RunningService[] = [];
  const starts = ports.map(async (port, index) => {
    started[index] = await startOne(port);
  });
  try {
    await settleAll(starts);
  } catch (error) {
    await Promise.allSettled(started.map((replica) => replica?.close()));
    throw error;
  }
  return started;
}

/** Waits until all have settled, so that none is still running, and then throws the first failure. */
export async function settleAll(works: Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
