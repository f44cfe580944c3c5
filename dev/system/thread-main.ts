import { parentPort } from 'node:worker_threads';
import type { Closable, Startable, ThreadAnswer, ThreadRequest } from './thread.ts';

// The code inside the thread of thread.ts: starts and closes modules on request.
// It has no parent where it is only compiled.
const main = parentPort;
const running = new Map<number, Closable<object>>();

async function answerTo(request: ThreadRequest): Promise<object> {
  if (request.do === 'close') {
    await running.get(request.started)?.close();
    return {};
  }
  const { start } = (await import(request.module)) as Startable<unknown, object>;
  const started = await start(request.options);
  running.set(request.id, started);
  const { close: _ours, ...facts } = started;
  return facts;
}

main?.on('message', (request: ThreadRequest) => {
  const { id } = request;
  answerTo(request).then(
    (done) => main?.postMessage({ id, done } satisfies ThreadAnswer),
    (failed: Error) => main?.postMessage({ id, failed } satisfies ThreadAnswer),
  );
});
