import type { FastifyInstance } from 'fastify';
import { pause } from '../async/backoff.ts';
import { AppError, commonProblems } from '../errors.ts';
import type { Connections } from './connections.ts';

/** Answers 200 while the server stops: an orchestrator must not kill a process for stopping. */
const ALIVE_PATH = '/livez';
const READY_PATH = '/readyz';

/**
 * Graceful close in two steps. First `/readyz` answers 503 while all other requests are served for
 * `delayMs` (lame duck), so that load balancers without retries stop sending before a request
 * fails. Then the server keeps listening until the running requests end, and answers new ones with
 * 503. It closes its listener and idle connections last. In both steps answers end their
 * connection, so that clients open the next one elsewhere. A client cannot hold a stop up: a
 * connection whose answer is not read, or whose request does not arrive, ends after 2 s.
 */
export function drainWhenClosing(
  app: FastifyInstance,
  delayMs: number,
  connections: Pick<Connections, 'stop' | 'endIdle'>,
): void {
  let stopping = false;
  let closing = false;
  let running = 0;
  const { promise: drained, resolve: onDrained } = Promise.withResolvers<void>();

  // Callback hooks: they run for every request, and promises would cost more.
  app.addHook('onRequest', (request, reply, done) => {
    if (stopping && request.routeOptions.url === READY_PATH) {
      reply.code(503).send({ status: 'stopping' });
      return;
    }
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
    stopping = true;
    await pause(delayMs);
    closing = true;
    connections.stop();
    if (running > 0) await drained;
    connections.endIdle();
  });
  // Otherwise the connections of running requests stay open after the answer, and a stop waits for
  // them for KEEP_ALIVE_MS.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done();
  });
}
