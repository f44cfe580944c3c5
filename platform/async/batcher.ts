import { type Context, context } from '@opentelemetry/api';
import { AppError, commonProblems } from '../errors.ts';
import { inSharedWork } from '../telemetry/tracing.ts';

interface BatcherOptions<Item, Result> {
  /** Names the span of a run of several items, which links to the traces of all. */
  name?: string;
  /** Processes many items at once: one result for each, in their order. */
  run: (items: Item[]) => Promise<Result[]>;
  /**
   * Whether a single item may have failed the run. Then each item runs again alone, outside the
   * concurrency limit, so that the others neither fail with it nor wait for it. Otherwise, and by
   * default, all fail.
   */
  isItemError?: (error: unknown) => boolean;
  /**
   * Whether a result belongs to the item. A result of another item is rejected as `internal`, so
   * that no caller acts on another caller's data.
   */
  isOwn?: (item: Item, result: Result) => boolean;
  /** Maximum number of items in one run. */
  batchMax: number;
  /** Weight of an item, such as its bytes; one run takes at most `weightMax`. */
  weightOf?: (item: Item) => number;
  /** A heavier item runs alone. */
  weightMax?: number;
  /**
   * Maximum number of concurrent runs (default 1): while one waits for the disk, the next is sent.
   */
  maxConcurrency?: number;
  /** Maximum number of queued items; further ones are refused as `unavailable`. */
  waitingMax: number;
  /** An item that is queued for longer is refused as `unavailable` (default 2.5 s). */
  waitMaxMs?: number;
  nowMs?: () => number;
}

// As long as one call between services: after it the caller has given up.
const WAIT_MAX_MS = 2_500;

/** Processes one item, in a batch with the items of concurrent callers. */
export type Batcher<Item, Result> = (item: Item) => Promise<Result>;

interface Waiting<Item, Result> {
  item: Item;
  since: number;
  /** The work of its caller. */
  context: Context;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Natural batching: items that arrive during a run go together in the next one, and so do those of
 * one turn of the event loop: the callers that a run answers go on together, and would otherwise
 * begin the next step with a run for the first of them. There is no timer, so a single item runs at
 * once. An item that is queued for over 2.5 s is refused as `unavailable`,
 * so that after a stall we do not run work whose callers have already given up.
 */
export function createBatcher<Item, Result>(
  options: BatcherOptions<Item, Result>,
): Batcher<Item, Result> {
  const { run, isItemError = () => false, maxConcurrency = 1, waitingMax } = options;
  const { name = 'batch', isOwn = () => true, waitMaxMs = WAIT_MAX_MS } = options;
  const { nowMs = () => performance.now() } = options;
  const waiting: Waiting<Item, Result>[] = [];
  let running = 0;
  let scheduled = false;

  function startRuns(): void {
    scheduled = false;
    if (running < maxConcurrency) refuseLate();
    while (running < maxConcurrency && waiting.length > 0) {
      running += 1;
      void runBatch(waiting.splice(0, nextCount(waiting, options)));
    }
  }

  function refuseLate(): void {
    const tooLong = nowMs() - waitMaxMs;
    while (waiting[0] !== undefined && waiting[0].since < tooLong) {
      waiting.shift()?.reject(new AppError(commonProblems.unavailable, 'waited too long'));
    }
  }

  async function runBatch(batch: Waiting<Item, Result>[]): Promise<void> {
    let settleAll: () => void;
    try {
      const results = await runIn(batch);
      if (results.length !== batch.length) {
        throw foreignResult(`${batch.length} items have ${results.length} results`);
      }
      settleAll = () => {
        for (const [index, one] of batch.entries()) settle(one, results[index] as Result);
      };
    } catch (error) {
      const alone = batch.length > 1 && isItemError(error);
      settleAll = () => {
        for (const one of batch) alone ? runAlone(one) : one.reject(error);
      };
    }
    running -= 1;
    // Starts the next run before it answers callers, so that the database works meanwhile.
    startRuns();
    settleAll();
  }

  /** In the work of its callers: batches are started by whichever item comes first. */
  function runIn(batch: Waiting<Item, Result>[]): Promise<Result[]> {
    const items = batch.map(({ item }) => item);
    const [first, second] = batch;
    if (first !== undefined && second === undefined) {
      return context.with(first.context, run, undefined, items);
    }
    const contexts = batch.map((one) => one.context);
    return inSharedWork(contexts, { name, service: 'batch' }, () => run(items));
  }

  function runAlone(one: Waiting<Item, Result>): void {
    runIn([one]).then(([result]) => settle(one, result as Result), one.reject);
  }

  function settle({ item, resolve, reject }: Waiting<Item, Result>, result: Result): void {
    isOwn(item, result) ? resolve(result) : reject(foreignResult('an item has that of another'));
  }

  return (item) => {
    if (waiting.length >= waitingMax) {
      return Promise.reject(new AppError(commonProblems.unavailable, `${waitingMax} wait already`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    waiting.push({ item, since: nowMs(), context: context.active(), resolve, reject });
    if (!scheduled) {
      scheduled = true;
      setImmediate(startRuns);
    }
    return promise;
  };
}

/** How many of the first waiting items fit into one run: at least one. */
function nextCount<Item, Result>(
  waiting: Waiting<Item, Result>[],
  { batchMax, weightOf, weightMax = Infinity }: BatcherOptions<Item, Result>,
): number {
  const most = Math.min(batchMax, waiting.length);
  if (weightOf === undefined) return most;
  let weight = 0;
  for (let count = 0; count < most; count++) {
    weight += weightOf((waiting[count] as Waiting<Item, Result>).item);
    if (weight > weightMax) return Math.max(1, count);
  }
  return most;
}

function foreignResult(what: string): AppError {
  return new AppError(commonProblems.internal, `a batch is mixed up: ${what}`);
}
