import {
  EXPERIMENT_CONNECTIONS,
  type ExperimentResult,
  type Run,
  reconcileContext,
} from '../measuring/experiment-context.ts';
import { type Measurement, measure } from '../measuring/measure.ts';
import { onSetUp } from '../measuring/run.ts';
import { atMost, DEFAULT } from '../measuring/targets.ts';

const INTERVALS = 10;
// As slow as no set-up is: the number of orders ends a load.
const SECONDS_MAX = 3_600;
/** Processes of the benchmark and of others: not part of the product. */
const OTHERS = ['speed', 'load', 'postgres'];

/** Places `count` orders over 64 connections and records the memory of our processes meanwhile. */
export async function measureMemory(
  run: Run,
  count: number,
): Promise<ExperimentResult | undefined> {
  return onSetUp(run, DEFAULT, async (context) => {
    const looks: { orders: number; ourMb: number; figures: Measurement }[] = [];
    for (let interval = 1; interval <= INTERVALS; interval++) {
      const figures = await measure(context, {
        customers: context.customers,
        connections: EXPERIMENT_CONNECTIONS,
        seconds: SECONDS_MAX,
        ordersMax: Math.ceil(count / INTERVALS),
        keyPrefix: `memory-${interval}`,
      });
      const ourMb = ourMemory(figures);
      const orders = Math.ceil((count * interval) / INTERVALS);
      run.say(`after ${orders} orders: ${ourMb.toFixed(0)} MB, ${figures.ordersPerS.toFixed(0)}/s`);
      looks.push({ orders, ourMb, figures });
    }
    const at = (interval: number) => looks[interval]?.ourMb ?? Number.NaN;
    const end = at(INTERVALS - 1);
    return {
      name: `memory of our processes, ${DEFAULT}`,
      lines: looks.map(({ orders, ourMb }) => `after ${orders} orders: ${ourMb.toFixed(0)} MB`),
      targets: [
        atMost(`${DEFAULT}, MB of our processes after ${count} orders`, end, 300),
        // Flat: the second half adds no more than what two looks differ by anyhow.
        atMost(`${DEFAULT}, memory at the end ÷ half-way`, end / at(INTERVALS / 2 - 1), 1.1),
      ],
      books: [await reconcileContext(context)],
      figures: looks,
    };
  });
}

function ourMemory({ memoryMb }: Measurement): number {
  return Object.entries(memoryMb)
    .filter(([name]) => !OTHERS.includes(name))
    .reduce((sum, [, mb]) => sum + mb, 0);
}
