import { isMainThread } from 'node:worker_threads';

// Preloaded into what is measured: when the one that started it is gone, in whatever way, it stops
// as after Ctrl-C, its database server included.
if (isMainThread) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // Nobody reads any more what it prints then.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
