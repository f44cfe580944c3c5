import { readdirSync } from 'node:fs';
import {
  familyOf,
  listProcesses,
  nameOf,
  readProc,
  TICKS_PER_S,
  ticksOf,
} from './process-usage.ts';

// A JavaScript thread uses one core at most, whatever else is free: what a machine of more cores can
// do depends on the busiest thread, which a sum by process hides.

/** The threads of Node.js that run JavaScript, by the name that the kernel shows. */
const JAVASCRIPT: Record<string, string> = {
  'node-MainThread': 'main thread',
  MainThread: 'main thread',
  WorkerThread: 'second thread',
};

/**
 * Seconds of a processor by thread: `start, main thread`. Those that run no JavaScript are one figure
 * for each process, since they work side by side, and so are programs other than Node.js.
 * @param roots as of `readUsage`
 */
export function readThreads(roots: number[]): Record<string, number> {
  const seconds: Record<string, number> = {};
  for (const { pid } of familyOf(roots, listProcesses())) {
    const process = nameOf(pid);
    if (process === undefined) continue;
    for (const thread of threadsOf(pid)) {
      const script = JAVASCRIPT[thread.name];
      const name = script === undefined ? process : `${process}, ${script}`;
      seconds[name] = (seconds[name] ?? 0) + thread.seconds;
    }
  }
  return seconds;
}

/** Whether it can use several cores. */
export const isParallel = (name: string): boolean => !name.includes(', ');

function threadsOf(pid: number): { name: string; seconds: number }[] {
  let ids: string[];
  try {
    ids = readdirSync(`/proc/${pid}/task`);
  } catch {
    // It ended meanwhile.
    return [];
  }
  return ids.flatMap((id) => {
    const stat = readProc(`${pid}/task/${id}`, 'stat');
    if (stat === undefined) return [];
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    return [{ name, seconds: ticksOf(stat) / TICKS_PER_S }];
  });
}
