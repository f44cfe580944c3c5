import { Worker } from 'node:worker_threads';

/** A module that can run in a thread. */
export interface Startable<Options, Facts> {
  start(options: Options): Promise<Closable<Facts>>;
}

/** Something that runs, and what is to be known of it. */
export type Closable<Facts> = Facts & { close(): Promise<void> };

/** What the thread is asked for (thread-main.ts); `id` is given back with the answer. */
export type ThreadRequest =
  | { id: number; do: 'start'; module: string; options: unknown }
  | { id: number; do: 'close'; started: number };

/** `done` are the facts of what was started. */
export type ThreadAnswer = { id: number; done: object } | { id: number; failed: Error };

// Half of the main thread's (package.json): here nobody waits while garbage is collected.
const YOUNG_MB_MAX = 12;

/**
 * A second JavaScript thread, since one has one processor. An uncaught error in it ends the process,
 * as one of the main thread does.
 */
export function openThread() {
  const worker = new Worker(new URL('thread-main.ts', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB_MAX },
  });
  const waiting = new Map<number, PromiseWithResolvers<object>>();
  worker.on('message', (answer: ThreadAnswer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('failed' in answer) asked?.reject(answer.failed);
    else asked?.resolve(answer.done);
  });
  let asked = 0;

  function ask(request: (id: number) => ThreadRequest): Promise<object> {
    asked += 1;
    const answer = Promise.withResolvers<object>();
    waiting.set(asked, answer);
    worker.postMessage(request(asked));
    return answer.promise;
  }

  return {
    /**
     * Starts a module there. What goes to it and what comes back is copied, so it can be no function
     * but `close`.
     * @param module URL of a `Startable`
     * @throws what its `start` throws
     */
    async start<Options, Facts extends object>(
      module: URL,
      options: Options,
    ): Promise<Closable<Facts>> {
      const { href } = module;
      let started = 0;
      const facts = await ask((id) => {
        started = id;
        return { id, do: 'start', module: href, options };
      });
      return {
        ...(facts as Facts),
        async close() {
          await ask((id) => ({ id, do: 'close', started }));
        },
      };
    },
    /** Ends the thread, whatever runs in it. */
    async end(): Promise<void> {
      await worker.terminate();
    },
  };
}
