import type { FastifyInstance } from 'fastify';

/**
 * A connection whose request was running when the server began to close would be kept alive after
 * its answer, and a stop would wait for it as long as KEEP_ALIVE_MS.
 */
export function endConnectionsWhenClosing(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  // With a callback, which costs nothing: it runs for every answer.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
}
