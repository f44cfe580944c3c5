import type { FastifyReply, FastifyRequest } from 'fastify';
import { request as httpRequest } from 'undici';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { HttpServer } from '#platform/http/server.ts';

const TIMEOUT_MS = 5_000;
const PASSED_HEADERS = ['content-type', 'content-security-policy', 'location'];

/**
 * The mailbox of the default set-up: reading and deleting, for the console's page `/mailbox`. It exists only
 * where MAILBOX_URL is set. It needs no sign-in, since its letters never leave the machine.
 */
export function serveMailbox(app: HttpServer, mailboxUrl: string): void {
  const url = ['/mailbox/messages', '/mailbox/messages/*'];
  // No POST: its erasures by address are for the gateway itself.
  for (const method of ['GET', 'PUT', 'DELETE'] as const) {
    for (const path of url) app.route({ method, url: path, handler: pass });
  }

  async function pass(request: FastifyRequest, reply: FastifyReply) {
    const address = new URL(request.url, mailboxUrl);
    if (address.origin !== new URL(mailboxUrl).origin) {
      throw new AppError(commonProblems.notFound, 'not a path of the mailbox');
    }
    const answer = await httpRequest(address, {
      method: request.method as 'GET' | 'PUT' | 'DELETE',
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      headers: { 'accept-language': request.headers['accept-language'] ?? '' },
    }).catch((cause: unknown) => {
      throw new AppError(commonProblems.unavailable, 'the mailbox does not answer', { cause });
    });
    for (const name of PASSED_HEADERS) {
      const value = answer.headers[name];
      if (value !== undefined) reply.header(name, value);
    }
    return reply.code(answer.statusCode).send(answer.body);
  }
}
