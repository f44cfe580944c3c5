import { syncBuiltinESMExports } from 'node:module';
import type { TimerOptions } from 'node:timers';
import timers from 'node:timers/promises';
import { promisify } from 'node:util';

/** The clocks of this process. */
export interface FastClock {
  /** Moves them ahead; what waited for a moment until then goes on, once. */
  advance(ms: number): Promise<void>;
}

interface Wait {
  /** By `performance.now()`. */
  dueMs: number;
  /** When it was set, by the real monotonic clock. */
  setMs: number;
  /** Of a repeated timer. */
  everyMs: number | null;
  run: () => void;
}

type Callback = (...args: unknown[]) => void;

// A younger timer is perhaps the time limit of work that is going well. It ends at this age, so that
// moving the clock fails nothing but what hangs.
const YOUNG_MS = 1_000;

/**
 * Replaces the clocks and timers of this process by ones that can be moved ahead: the wall clock,
 * the monotonic clock, timeouts and intervals. Node's own timers, such as those of sockets, stay as
 * they are.
 */
export function installFastClock(): FastClock {
  const shift = { ms: 0 };
  const real = { setTimeout, now: performance.now.bind(performance) };
  const waits = replaceTimers(real.now);
  shiftClocks(shift);
  return {
    async advance(ms) {
      shift.ms += ms;
      const now = performance.now();
      const due = [...waits].filter(([, { dueMs }]) => dueMs <= now);
      due.sort(([, one], [, other]) => one.dueMs - other.dueMs);
      for (const [timer, wait] of due) {
        const run = () => runEarly(waits, timer, wait);
        const youngForMs = wait.setMs + YOUNG_MS - real.now();
        if (youngForMs > 0) real.setTimeout(run, youngForMs).unref();
        else setImmediate(run);
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function shiftClocks(shift: { ms: number }): void {
  const RealDate = Date;
  const monotonic = performance.now.bind(performance);
  class ShiftedDate extends RealDate {
    constructor(...given: [] | [number | string | Date]) {
      if (given.length === 0) super(RealDate.now() + shift.ms);
      else super(...(given as [number]));
    }
    static override now(): number {
      return RealDate.now() + shift.ms;
    }
  }
  globalThis.Date = ShiftedDate as DateConstructor;
  performance.now = () => monotonic() + shift.ms;
}

/** Runs a timer unless it ended or was cleared meanwhile. */
function runEarly(waits: Map<NodeJS.Timeout, Wait>, timer: NodeJS.Timeout, wait: Wait): void {
  if (!waits.has(timer) || wait.dueMs > performance.now()) return;
  if (wait.everyMs === null) clearTimeout(timer);
  else wait.dueMs = performance.now() + wait.everyMs;
  wait.run();
}

/** @returns the timers that wait */
function replaceTimers(realNow: () => number): Map<NodeJS.Timeout, Wait> {
  const waits = new Map<NodeJS.Timeout, Wait>();
  const real = { setTimeout, setInterval, clearTimeout };

  function set(repeats: boolean, callback: Callback, ms = 0, args: unknown[]): NodeJS.Timeout {
    const run = () => callback(...args);
    const everyMs = repeats ? ms : null;
    const wait: Wait = { dueMs: performance.now() + ms, setMs: realNow(), everyMs, run };
    const timer: NodeJS.Timeout = (repeats ? real.setInterval : real.setTimeout)(() => {
      if (repeats) wait.dueMs = performance.now() + ms;
      else waits.delete(timer);
      run();
    }, ms);
    waits.set(timer, wait);
    return timer;
  }

  function clear(timer?: NodeJS.Timeout | string | number): void {
    waits.delete(timer as NodeJS.Timeout);
    real.clearTimeout(timer);
  }

  function pause<T>(ms?: number, value?: T, { signal, ref = true }: TimerOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const stop = () => {
        clear(timer);
        reject(new DOMException('The operation was aborted', 'AbortError'));
      };
      const end = () => {
        signal?.removeEventListener('abort', stop);
        resolve(value as T);
      };
      const timer = set(false, end, ms, []);
      if (!ref) timer.unref();
      if (signal?.aborted) stop();
      else signal?.addEventListener('abort', stop, { once: true });
    });
  }

  const replaced = {
    setTimeout: (callback: Callback, ms?: number, ...args: unknown[]) =>
      set(false, callback, ms, args),
    setInterval: (callback: Callback, ms?: number, ...args: unknown[]) =>
      set(true, callback, ms, args),
    clearTimeout: clear,
    clearInterval: clear,
  };
  Object.defineProperty(replaced.setTimeout, promisify.custom, { value: pause });
  Object.assign(globalThis, replaced);
  timers.setTimeout = pause;
  // For the modules that import it by name.
  syncBuiltinESMExports();
  return waits;
}
