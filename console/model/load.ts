import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem } from './api.ts';

/** Data of a page. The old data stay visible while they are read again. */
export interface Loaded<T> {
  data: T | null;
  problem: ApiProblem | null;
  loading: boolean;
  reload: () => void;
}

const RETRY_MS = [1_000, 2_000, 4_000, 8_000];

/**
 * Reads data when `key` changes, repeats after failures that may pass, and refreshes every `everyMs`
 * while the tab is visible.
 * @param key of the data: data of another key are never shown
 * @param load gets the data of the last reading, too
 * @param everyMs null reads once; a function decides by the data
 */
export function useLoad<T>(
  key: string,
  load: (signal: AbortSignal, former: T | null) => Promise<T>,
  everyMs: number | null | ((data: T) => number | null) = null,
): Loaded<T> {
  const nothing = { key, data: null, problem: null, loading: true };
  const [state, setState] = useState<Omit<Loaded<T>, 'reload'> & { key: string }>(nothing);
  const [round, setRound] = useState(0);
  // The values of the latest render: a change of these alone must not read again.
  const latest = useRef({ load, everyMs });
  latest.current = { load, everyMs };

  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let former: T | null = null;
    const again = (ms: number | null) => {
      if (ms === null || stop.signal.aborted) return;
      timer = setTimeout(() => void untilVisible(stop.signal).then(read), ms);
    };
    const keepData = (problem: ApiProblem | null, loading: boolean) =>
      setState(({ data, ...last }) => ({
        key,
        data: last.key === key ? data : null,
        problem,
        loading,
      }));
    async function read(): Promise<void> {
      try {
        const data = await latest.current.load(stop.signal, former);
        if (stop.signal.aborted) return;
        former = data;
        failures = 0;
        setState({ key, data, problem: null, loading: false });
        const every = latest.current.everyMs;
        again(typeof every === 'function' ? every(data) : every);
      } catch (error) {
        if (stop.signal.aborted) return;
        const problem = problemOf(error);
        keepData(problem, false);
        if (problem.retryable) {
          again(problem.retryAfterMs ?? RETRY_MS[Math.min(failures++, 3)] ?? null);
        }
      }
    }
    keepData(null, true);
    void read();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, round]);

  const reload = useCallback(() => setRound((last) => last + 1), []);
  return { ...(state.key === key ? state : nothing), reload };
}

/** Resolves when the tab is visible, so that hidden tabs put no load on the server. */
export function untilVisible(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const options = { once: true, signal };
    document.addEventListener('visibilitychange', () => resolve(), options);
  });
}

/** Any error as a problem, so that a defect of the console is shown instead of a page that hangs. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const body = { title: '', detail, status: -1, code: 'console', retryable: false };
  return new ApiProblem(body, true);
}

interface ActionState<R> {
  running: boolean;
  problem: ApiProblem | null;
  result: R | null;
}

/**
 * Runs one action at a time and holds its problem or its result.
 * @returns `reset` forgets both
 */
export function useAction<A extends unknown[], R>(act: (...given: A) => Promise<R>) {
  const idle = { running: false, problem: null, result: null };
  const [state, setState] = useState<ActionState<R>>(idle);
  const running = useRef(false);
  const run = (...given: A) => {
    // A double click arrives before the button is drawn again.
    if (running.current) return;
    running.current = true;
    setState({ ...idle, running: true });
    act(...given).then(
      (result) => finish({ ...idle, result }),
      (error: unknown) => finish({ ...idle, problem: problemOf(error) }),
    );
  };
  const finish = (end: ActionState<R>) => {
    running.current = false;
    setState(end);
  };
  return { run, ...state, reset: () => setState({ ...idle, running: running.current }) };
}

/** A signal that is aborted when the component is gone. */
export function useUnmountSignal(): AbortSignal {
  const [controller] = useState(() => new AbortController());
  useEffect(() => () => controller.abort(), [controller]);
  return controller.signal;
}
