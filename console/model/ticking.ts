import { useEffect, useState } from 'preact/hooks';
import { untilVisible } from './load.ts';

/** Draws again every `everyMs` while the tab is visible, and at once when it is shown again. */
export function useTicking(everyMs: number): void {
  const [, setTicks] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = () => {
      timer = setTimeout(() => void untilVisible(stop.signal).then(tick), everyMs);
    };
    const tick = () => {
      if (stop.signal.aborted) return;
      setTicks((last) => last + 1);
      wait();
    };
    wait();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [everyMs]);
}
