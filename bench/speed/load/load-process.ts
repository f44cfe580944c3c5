import { once } from 'node:events';
import { join } from 'node:path';
import { endProcess, forkModule, nextMessage } from '#harness/child-process.ts';
import type { Percentiles } from '#harness/percentiles.ts';
import type { LoadJob, LoadOutcome } from './load.ts';

export type ToLoad =
  | { do: 'place'; job: LoadJob }
  | { do: 'stop' }
  | { do: 'report'; historyFile: string };

/** The answer to `place` and to `report`. */
export type FromLoad = { report?: LoadReport } | { failed: string };

export interface LoadReport extends Omit<LoadOutcome, 'answers' | 'times'> {
  /** Correct answers: paid, or declined for a customer without money. */
  orders: number;
  /** Of those, in ms. */
  latency: Percentiles;
  /** Of the generator, while it placed them. */
  cpuSeconds: number;
}

export type Load = Awaited<ReturnType<typeof startLoad>>;

/** Starts the process that places orders. */
export async function startLoad() {
  const child = forkModule(join(import.meta.dirname, 'load-main.ts'));
  await once(child, 'spawn');

  async function ask(order: ToLoad): Promise<LoadReport | undefined> {
    const answered = nextMessage<FromLoad>(child, 'the load');
    child.send(order);
    const answer = await answered;
    if ('failed' in answer) throw new Error(`the load failed: ${answer.failed}`);
    return answer.report;
  }

  return {
    pid: child.pid as number,
    /** @returns at the moment of the last answer */
    async place(job: LoadJob): Promise<void> {
      await ask({ do: 'place', job });
    },
    /** Ends what is being placed: no order is begun any more. */
    stop: () => void child.send({ do: 'stop' } satisfies ToLoad),
    /** The outcome of the load; all answers are appended to the file as lines of JSON. */
    report: async (historyFile: string) => (await ask({ do: 'report', historyFile })) as LoadReport,
    close: () => endProcess(child, 'SIGKILL'),
  };
}
