import { once } from 'node:events';
import { join } from 'node:path';
import { endProcess, forkModule, nextMessage } from '#harness/child-process.ts';
import type { Percentiles } from '#harness/percentiles.ts';
import type { LoadJob, LoadOutcome } from './load.ts';

export type ToLoad =
  | { do: 'place'; job: LoadJob }
  | { do: 'stop' }
  | { do: 'report'; historyFile: string };

export type FromLoad =
  | { is: 'placed' }
  | { is: 'reported'; report: LoadReport }
  | { is: 'failed'; reason: string };

export interface LoadReport extends Omit<LoadOutcome, 'answers' | 'times'> {
  /** Answers that were right: paid, or refused for want of money where there was none. */
  orders: number;
  /** Of those, in ms. */
  latency: Percentiles;
  /** Of the generator, while it placed them. */
  cpuSeconds: number;
}

/** The process that sources orders. */
export interface Load {
  pid: number;
  /** @returns at the moment of the last answer */
  place(job: LoadJob): Promise<void>;
  /** Ends what is being placed: no order is begun any more. */
  stop(): void;
  /** What came of it; all answers are appended to the file as lines of JSON. */
  report(historyFile: string): Promise<LoadReport>;
  close(): Promise<void>;
}

export async function startLoad(): Promise<Load> {
  const child = forkModule(join(import.meta.dirname, 'load-main.ts'));
  await once(child, 'spawn');

  async function ask(order: ToLoad): Promise<FromLoad> {
    const answered = nextMessage<FromLoad>(child, 'the load');
    child.send(order);
    const answer = await answered;
    if (answer.is === 'failed') throw new Error(`the load failed: ${answer.reason}`);
    return answer;
  }

  return {
    pid: child.pid as number,
    async place(job) {
      await ask({ do: 'place', job });
    },
    stop() {
      const order: ToLoad = { do: 'stop' };
      child.send(order);
    },
    async report(historyFile) {
      const answer = await ask({ do: 'report', historyFile });
      if (answer.is !== 'reported') throw new Error(`the load answered out of turn: ${answer.is}`);
      return answer.report;
    },
    close: () => endProcess(child, 'SIGKILL'),
  };
}
