import { useEffect, useState } from 'preact/hooks';

/** A signal that is aborted when the component is gone. */
export function useUnmountSignal(): AbortSignal {
  const [controller] = useState(() => new AbortController());
  useEffect(() => () => controller.abort(), [controller]);
  return controller.signal;
}
