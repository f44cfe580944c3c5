import { AppError, commonProblems } from '../errors.ts';

export interface BatcherOptions<Item, Result> {
  /** Does many at once: one result for each, in their order. */
  run: (items: Item[]) => Promise<Result[]>;
  /**
   * Whether one item may have failed a run: then each is run alone, beside all other runs, so that
   * the others neither fail with it nor wait for it, and `run` must bear that. Otherwise all fail.
   */
  isItemError: (error: unknown) => boolean;
  /**
   * Whether a result is this item's own. Another item's is a defect: it is refused as `internal`,
   * so that no caller acts on what belongs to somebody else.
   */
  isOwn?: (item: Item, result: Result) => boolean;
  /** Most items of one run. */
  batchMax: number;
  /** Weight of an item, such as its bytes; a run takes no more than `weightMax` of it. */
  weightOf?: (item: Item) => number;
  /** An item that alone is heavier goes alone. */
  weightMax?: number;
  /** Runs at the same time: while one waits for the disk, the next is on its way. */
  maxConcurrency: number;
  /** Most items that wait for a run; more are refused as `unavailable`. */
  waitingMax: number;
  /** Whether the items of one turn of the event loop go together; else the first goes at once. */
  coalescePerTick?: boolean;
  /** A monotonic clock. */
  nowMs?: () => number;
}

// As long as one call between services: whoever asked has given up by then (ARCHITECTURE.md, time).
const WAIT_MAX_MS = 2_500;

/** Does one item, together with whatever else is asked for meanwhile. */
export type Batcher<Item, Result> = (item: Item) => Promise<Result>;

interface Waiting<Item, Result> {
  item: Item;
  since: number;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Natural batching: what arrives while earlier runs are under way goes together in the next one.
 * There is no timer, so an item that comes alone goes at once. One that has waited for 2.5 s when
 * its turn comes is refused as `unavailable`: after a standstill there is no work for nobody.
 */
export function createBatcher<Item, Result>(
  options: BatcherOptions<Item, Result>,
): Batcher<Item, Result> {
  const {
    run,
    isItemError,
    batchMax,
    maxConcurrency,
    waitingMax,
    coalescePerTick = false,
  } = options;
  const { isOwn = () => true, weightOf, weightMax = Infinity } = options;
  const { nowMs = () => performance.now() } = options;
  const waiting: Waiting<Item, Result>[] = [];
  let running = 0;
  let turnEnds = false;

  function startRuns(): void {
    turnEnds = false;
    if (running < maxConcurrency) refuseLate();
    while (running < maxConcurrency && waiting.length > 0) {
      running += 1;
      void runBatch(waiting.splice(0, nextCount()));
    }
  }

  function nextCount(): number {
    const most = Math.min(batchMax, waiting.length);
    if (weightOf === undefined) return most;
    let weight = 0;
    for (let count = 0; count < most; count++) {
      weight += weightOf((waiting[count] as Waiting<Item, Result>).item);
      if (weight > weightMax) return Math.max(1, count);
    }
    return most;
  }

  function refuseLate(): void {
    const tooLong = nowMs() - WAIT_MAX_MS;
    while (waiting[0] !== undefined && waiting[0].since < tooLong) {
      waiting.shift()?.reject(new AppError(commonProblems.unavailable, 'waited too long'));
    }
  }

  async function runBatch(batch: Waiting<Item, Result>[]): Promise<void> {
    let tell: () => void;
    try {
      const results = await run(batch.map(({ item }) => item));
      if (results.length !== batch.length) {
        throw foreignResult(`${batch.length} items have ${results.length} results`);
      }
      tell = () => {
        for (const [index, one] of batch.entries()) settle(one, results[index] as Result);
      };
    } catch (error) {
      const alone = batch.length > 1 && isItemError(error);
      tell = () => {
        for (const one of batch) alone ? runAlone(one) : one.reject(error);
      };
    }
    running -= 1;
    // The next run first: the database works while the answers are made.
    startRuns();
    tell();
  }

  function runAlone(one: Waiting<Item, Result>): void {
    run([one.item]).then(([result]) => settle(one, result as Result), one.reject);
  }

  function settle({ item, resolve, reject }: Waiting<Item, Result>, result: Result): void {
    if (isOwn(item, result)) resolve(result);
    else reject(foreignResult('an item has the result of another one'));
  }

  return (item) => {
    if (waiting.length >= waitingMax) {
      const message = `${waitingMax} wait already`;
      return Promise.reject(new AppError(commonProblems.unavailable, message));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    waiting.push({ item, since: nowMs(), resolve, reject });
    if (!coalescePerTick) startRuns();
    else if (!turnEnds) {
      turnEnds = true;
      setImmediate(startRuns);
    }
    return promise;
  };
}

function foreignResult(what: string): AppError {
  return new AppError(commonProblems.internal, `a batch is mixed up: ${what}`);
}
