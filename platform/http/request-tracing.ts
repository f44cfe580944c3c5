import type { IncomingMessage } from 'node:http';
import { context } from '@opentelemetry/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { serviceOf } from '../telemetry/log.ts';
import { logRequest } from '../telemetry/request-log.ts';
import {
  endSpan,
  isLocal,
  parentOf,
  SpanKind,
  startUnrecorded,
  startWork,
  type Work,
} from '../telemetry/tracing.ts';
import { CALLS_PATH } from './request-batch.ts';

// Monitoring asks these every few seconds. The calls of a batch have spans and lines of their own.
const UNTRACED = ['/livez', '/readyz', '/metrics', CALLS_PATH];

/** The span of each request, and its line in the log. */
export function createRequestTracing(log: Logger, logged: boolean) {
  const service = serviceOf(log);
  const works = new WeakMap<IncomingMessage, Work>();
  const workOf = ({ raw }: Pick<FastifyRequest, 'raw'>) => works.get(raw) as Work;

  function end(request: FastifyRequest, reply: FastifyReply): void {
    const work = workOf(request);
    const { method } = request;
    const route = request.routeOptions.url;
    const { statusCode: status, writableFinished } = reply.raw;
    if (work.span.isRecording()) {
      if (route !== undefined) work.span.updateName(`${method} ${route}`);
      endSpan(work.span, status >= 500, {
        'http.request.method': method,
        'http.response.status_code': status,
        ...(route !== undefined && { 'http.route': route }),
      });
    }
    if (!logged) return;
    logRequest(log, work, {
      method,
      route,
      status,
      ms: reply.elapsedTime,
      // The client hung up: no status arrived.
      ...(!writableFinished && { aborted: true }),
    });
  }

  return {
    /** Starts the span of a request. @returns its trace id */
    begin(raw: IncomingMessage): string {
      const parent = parentOf(raw.headers);
      const kind = isLocal(parent) ? SpanKind.INTERNAL : SpanKind.SERVER;
      const work = isTraced(raw)
        ? startWork({ name: raw.method as string, kind, service, parent })
        : startUnrecorded(parent);
      works.set(raw, work);
      return work.traceId;
    },
    /** Ends the span with the answer; not in `onResponse`, which a client that hangs up prevents. */
    endWith(request: FastifyRequest, reply: FastifyReply): void {
      if (isTraced(request.raw)) reply.raw.once('close', () => end(request, reply));
    },
    /** Runs what follows as the work of the request. */
    enter(request: FastifyRequest, next: () => void): void {
      context.with(workOf(request).context, next);
    },
  };
}

const isTraced = ({ url = '' }: IncomingMessage) => !UNTRACED.includes(url.split('?', 1)[0] ?? '');
