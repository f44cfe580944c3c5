import { appendFile } from 'node:fs/promises';
import { percentilesOf } from '#harness/percentiles.ts';
import { type LoadJob, type LoadOutcome, runLoad } from './load.ts';
import type { FromLoad, LoadReport, ToLoad } from './load-process.ts';

// Runs the load in a separate process, so that its CPU cost is not counted as the system's.
// Slow work after a load waits for the `report` request: the backlog is being measured meanwhile.

let stop = new AbortController();
let outcome: (LoadOutcome & { cpuSeconds: number }) | undefined;

process.on('message', (order: ToLoad) => {
  if (order.do === 'stop') {
    stop.abort();
    return;
  }
  const work = order.do === 'place' ? place(order.job) : report(order.historyFile);
  work.then(send, (error: unknown) => send({ failed: String(error) }));
});
// Ctrl-C reaches us too, but our parent ends us.
process.on('SIGINT', () => {});

function send(message: FromLoad): void {
  process.send?.(message);
}

async function place(job: LoadJob): Promise<FromLoad> {
  const before = process.cpuUsage();
  stop = new AbortController();
  const placed = await runLoad(job, stop.signal);
  const { user, system } = process.cpuUsage(before);
  outcome = { ...placed, cpuSeconds: (user + system) / 1_000_000 };
  return {};
}

/** Appends the answers to a file, a JSON document a line, and returns the rest. */
async function report(historyFile: string): Promise<FromLoad> {
  if (outcome === undefined) throw new Error('nothing was placed');
  const { answers, times, ...rest } = outcome;
  outcome = undefined;
  await appendFile(historyFile, answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
  const summary: LoadReport = { ...rest, orders: times.length, latency: percentilesOf(times) };
  return { report: summary };
}
