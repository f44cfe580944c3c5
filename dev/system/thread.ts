import { Worker } from 'node:worker_threads';

/** A module that can run in a thread. */
export interface Startable<Options, Facts> {
  start(options: Options): Promise<Closable<Facts>>;
}

/** Something that runs, with its public values (`Facts`). */
export type Closable<Facts> = Facts & { close(): Promise<void> };

/** A request to the thread (thread-main.ts). The answer has the same `id`. */
export type ThreadRequest =
  | { id: number; do: 'start'; module: string; options: unknown }
  | { id: number; do: 'close'; started: number };

/** `done` has the values of the started module. */
export type ThreadAnswer = { id: number; done: object } | { id: number; failed: Error };

// Half of the main thread's size (package.json): pauses for garbage collection delay no user here.
const YOUNG_MB_MAX = 12;

/**
 * A second JavaScript thread, since one thread uses only one processor core. An uncaught error in it
 * ends the process, as in the main thread.
 */
export function openThread() {
  const worker = new Worker(new URL(import.meta.resolve('#dev/system/thread-main.ts')), {
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
     * Starts a module in the thread. Options and results are copied between threads, so they cannot
     * contain functions; only `close` is forwarded.
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
    /** Ends the thread without closing its modules. */
    async end(): Promise<void> {
      await worker.terminate();
    },
  };
}
