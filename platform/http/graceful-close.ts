import type { FastifyInstance } from 'fastify';
import { AppError, commonProblems } from '../errors.ts';

/** Answers 200 while the server stops: an orchestrator must not kill a process for stopping. */
const ALIVE_PATH = '/livez';

/**
 * Graceful close: the server keeps listening until the running requests end, and answers new ones
 * with 503, `/readyz` too, so that load balancers eject it. Then it closes its listener and idle
 * connections.
 */
export function drainWhenClosing(app: FastifyInstance): void {
  let closing = false;
  let running = 0;
  const { promise: drained, resolve: onDrained } = Promise.withResolvers<void>();

  // Callback hooks: they run for every request, and promises would cost more.
  app.addHook('onRequest', (request, reply, done) => {
    if (closing) {
      if (request.url === ALIVE_PATH) done();
      else done(new AppError(commonProblems.unavailable, 'stopping', { expected: true }));
      return;
    }
    running++;
    // Not `onResponse`, which does not run when a client hangs up.
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
  // Otherwise the connections of running requests stay open after the answer, and a stop waits for
  // them for KEEP_ALIVE_MS.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
}
