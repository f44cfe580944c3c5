import type { FastifyRequest } from 'fastify';
import type { PresentProblem } from '#platform/http/error-reply.ts';
import type { ProblemDocument } from '#platform/http/problem.ts';
import { isFromOtherSite } from '../context/cross-origin.ts';

/** Path of the pages about problems. */
export const PROBLEMS_PATH = '/problems';

/**
 * Problems of the public API: `type` is the address of the problem's page, and pointers are URI
 * fragments (RFC 9457 section 3). Services inside keep their form, which their callers compare.
 */
export const presentProblem: PresentProblem = (problem, request) =>
  request !== null && isOfFormerClient(request) ? problem : presented(problem);

function presented(problem: ProblemDocument): ProblemDocument {
  const { errors } = problem;
  return {
    ...problem,
    type: `${PROBLEMS_PATH}/${problem.code}`,
    ...(errors !== undefined && {
      errors: errors.map((each) =>
        each.pointer === undefined ? each : { ...each, pointer: fragmentOf(each.pointer) },
      ),
    }),
  };
}

/** A JSON pointer as a URI fragment (RFC 6901 section 6). */
export function fragmentOf(pointer: string): string {
  return `#${encodeURI(pointer.toWellFormed()).replaceAll('#', '%23')}`;
}

const LANGUAGES = ['ru', 'en'];
/** Headers that the former command line sends directly after the language. */
const AFTER_LANGUAGE = ['content-type', 'authorization'];

/**
 * Whether the console or the command line of a former version sends a request: they take a problem
 * for one of ours only if its type is the former URN. Both send a bare language, which browsers do
 * not send by themselves. A wrong guess gives a program the former type.
 */
export function isOfFormerClient(request: FastifyRequest): boolean {
  const { 'user-agent': agent = '', 'accept-language': language = '' } = request.headers;
  if (!LANGUAGES.includes(language)) return false;
  // The console: a script of our own origin.
  if (agent.startsWith('Mozilla/')) return !isFromOtherSite(request);
  // The command line, by `fetch` of Node, which keeps the order of headers.
  const { rawHeaders } = request.raw;
  const after = rawHeaders[rawHeaders.indexOf('accept-language') + 2] ?? '';
  return agent === 'node' && AFTER_LANGUAGE.includes(after.toLowerCase());
}
