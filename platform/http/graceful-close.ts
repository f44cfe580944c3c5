import type { FastifyInstance } from 'fastify';
import { AppError, commonProblems } from '../errors.ts';

/** A process that stops is alive: whoever watches over it must not kill it for that. */
const ALIVE_PATH = '/livez';

/**
 * What a server does when it is told to close: it goes on listening while the requests under way
 * are finished, so that whoever balances by `/readyz` sees that it stops, and answers everything
 * new with 503, `/readyz` too; then it closes its listener and its idle connections.
 */
export function drainWhenClosing(app: FastifyInstance): void {
  let closing = false;
  let running = 0;
  const { promise: drained, resolve: onDrained } = Promise.withResolvers<void>();

  // With callbacks, which cost nothing: they run for every request.
  app.addHook('onRequest', (request, reply, done) => {
    if (closing) {
      if (request.url === ALIVE_PATH) done();
      else done(new AppError(commonProblems.unavailable, 'stopping', { expected: true }));
      return;
    }
    running++;
    // Not `onResponse`, which does not come for a client that hangs up.
    reply.raw.once('close', () => {
      running--;
      if (closing && running === 0) onDrained();
    });
    done();
  });
  app.addHook('preClose', async () => {
    closing = true;
    if (running > 0) await drained;
  });
  // A connection whose request was running when the server began to close would be kept alive
  // after its answer, and a stop would wait for it as long as KEEP_ALIVE_MS.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
}
