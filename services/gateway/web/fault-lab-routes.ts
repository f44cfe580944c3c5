import { request as httpRequest } from 'undici';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { HttpServer } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';

const TIMEOUT_MS = 5_000;

const ROUTES = [
  ['GET', '/lab/faults'],
  ['DELETE', '/lab/faults'],
  ['PUT', '/lab/faults/:name'],
  ['GET', '/lab/orders'],
  ['POST', '/lab/orders'],
] as const;

/**
 * The fault lab of the default set-up, for operators and the console's page `/operator/fault-lab`.
 * It exists only where FAULT_LAB_URL is set, and only on this machine.
 * @param labUrl with the path that only this gateway knows, so that operators alone reach the lab
 */
export function serveFaultLab(
  app: HttpServer,
  { identifyOperator }: Pick<Gateway, 'identifyOperator'>,
  labUrl: string,
): void {
  for (const [method, url] of ROUTES) {
    app.route<{ Params: { name?: string } }>({
      method,
      url,
      async handler(request, reply) {
        await identifyOperator(request);
        const path = url.replace(':name', () => encodeURIComponent(request.params.name ?? ''));
        const { body } = request;
        const answer = await httpRequest(`${labUrl.replace(/\/$/, '')}${path}`, {
          method,
          headersTimeout: TIMEOUT_MS,
          bodyTimeout: TIMEOUT_MS,
          headers: {
            'accept-language': request.headers['accept-language'] ?? '',
            ...(body != null && { 'content-type': 'application/json' }),
          },
          body: body == null ? null : JSON.stringify(body),
        }).catch((cause: unknown) => {
          throw new AppError(commonProblems.unavailable, 'the fault lab does not answer', {
            cause,
          });
        });
        const type = answer.headers['content-type'];
        if (type !== undefined) reply.header('content-type', type);
        return reply.code(answer.statusCode).send(answer.body);
      },
    });
  }
}
