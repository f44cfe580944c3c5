import { isMainThread } from 'node:worker_threads';

// Preloaded into a child process: ends it when its parent is gone, even if the parent was killed.
// At once, as in a crash: no caller is left that a graceful end could serve. `?signal=SIGTERM`
// stops it in order instead, for a process that has a database server of its own to stop.

const signal = new URL(import.meta.url).searchParams.get('signal');
const end = () => (signal === null ? process.exit(1) : process.kill(process.pid, signal));
if (isMainThread) {
  process.once('disconnect', end);
  // It may have ended before the line above.
  if (!process.connected) end();
  // The parent's ends of these pipes are closed by then: an orderly end must not fail by EPIPE.
  if (signal !== null)
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
