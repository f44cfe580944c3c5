import { availableParallelism } from 'node:os';
import { medianOf } from '#harness/percentiles.ts';
import {
  EXPERIMENT_CONNECTIONS,
  type ExperimentContext,
  type ExperimentOptions,
  type ExperimentResult,
  type Run,
  reconcileContext,
} from '../measuring/experiment-context.ts';
import { measure } from '../measuring/measure.ts';
import { sumOf } from '../measuring/process-usage.ts';
import { onSetUp } from '../measuring/run.ts';
import { isParallel, readThreads } from '../measuring/thread-usage.ts';

/** CPU time of an order, with its letter, by thread. */
export type ThreadCosts = Record<string, number>;

const CORES = [1, 2, 4, 8, 16];

/**
 * The most orders in a second that so many cores can do, at these costs: all of the machine is busy, or
 * a JavaScript thread fills a core of its own. An upper bound: nothing waits in it.
 * @returns the rate, and what is full
 */
export function modelOf(costs: ThreadCosts, cores: number): { ordersPerS: number; full: string } {
  const bounds = Object.entries(costs)
    .filter(([name]) => !isParallel(name))
    .map(([full, ms]) => ({ full, ordersPerS: 1_000 / ms }));
  bounds.push({ full: 'all cores', ordersPerS: (cores * 1_000) / sumOf(costs) });
  return bounds.reduce((least, each) => (each.ordersPerS < least.ordersPerS ? each : least));
}

/** Measures the CPU time of an order by thread, and says which thread is full first on more cores. */
export async function measureCores(
  run: Run,
  name: string,
  { rounds, seconds }: Omit<ExperimentOptions, 'count'>,
): Promise<ExperimentResult | undefined> {
  return onSetUp(run, name, async (context) => {
    const measured = [];
    for (let round = 1; round <= rounds; round++) {
      measured.push(await measureThreads(context, seconds, `cores-${round}`));
    }
    const costs = mediansOf(measured.map((each) => each.costs));
    const ordersPerS = medianOf(measured.map((each) => each.ordersPerS));
    const cores = availableParallelism();
    // Less than there are: others use the machine too, or something waits.
    const used = (ordersPerS * sumOf(costs)) / 1_000;
    const books = [await reconcileContext(context)];
    return {
      name: `cores, ${name}, ${EXPERIMENT_CONNECTIONS} connections, the load on the same machine`,
      lines: [
        ...Object.entries(costs)
          .sort(([, one], [, other]) => other - one)
          .map(([thread, ms]) => `${thread}: ${ms.toFixed(3)} ms of a processor for an order`),
        ...CORES.map((count) => {
          const model = modelOf(costs, count);
          const rate = `at most ${model.ordersPerS.toFixed(0)} orders/s, then ${model.full} full`;
          const here = `, measured ${ordersPerS.toFixed(0)} on ${used.toFixed(1)} cores`;
          return `${count} ${count === 1 ? 'core' : 'cores'} (model): ${rate}${count === cores ? here : ''}`;
        }),
      ],
      targets: [],
      books,
      figures: { cores, used, ordersPerS, costs, measured },
    };
  });
}

async function measureThreads(context: ExperimentContext, seconds: number, keyPrefix: string) {
  const roots = [process.pid, context.setUp.postgresPid()];
  const before = readThreads(roots);
  const job = { customers: context.customers, connections: EXPERIMENT_CONNECTIONS };
  const { orders, ordersPerS } = await measure(context, { ...job, seconds, keyPrefix });
  const costs: ThreadCosts = {};
  for (const [name, after] of Object.entries(readThreads(roots))) {
    costs[name] = ((after - (before[name] ?? 0)) * 1_000) / orders;
  }
  return { ordersPerS, costs };
}

/** The median of each thread. */
function mediansOf(all: ThreadCosts[]): ThreadCosts {
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, medianOf(all.map((costs) => costs[name] ?? 0))]),
  );
}
