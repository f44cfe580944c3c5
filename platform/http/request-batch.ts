import { type Context, context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { AppError, commonProblems, type Violation } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { serviceOf } from '../telemetry/log.ts';
import { idsIn, logRequest } from '../telemetry/request-log.ts';
import { newTrace, traceparentOf } from '../telemetry/trace-context.ts';
import { annotate, endSpan, parentOf, SpanKind, startWork } from '../telemetry/tracing.ts';
import { BODY_BYTES_MAX } from './body-limit.ts';
import type { Endpoint, EndpointReply } from './endpoint.ts';
import { problemAnswer } from './error-reply.ts';
import type { LocalCall } from './in-process.ts';
import type { Call, HttpServer } from './server.ts';
import { measureAnswers, type RecordAnswer } from './server-metrics.ts';
import { createValidatorCompiler, type Validate, violationsOf } from './validation.ts';

/** Path of a batch of calls (published by contracts/documents/openapi.ts). */
export const CALLS_PATH = '/calls';
/** Maximum number of calls in a batch. */
export const CALLS_MAX = 64;

const CallsBody = Type.Object({
  calls: Type.Array(
    Type.Object({
      operationId: Type.String(),
      params: Type.Optional(Type.Unknown()),
      body: Type.Optional(Type.Unknown()),
      traceId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
      // W3C Trace Context of the call; old versions send the trace id alone.
      traceparent: Type.Optional(Type.String()),
      tracestate: Type.Optional(Type.String()),
    }),
    { minItems: 1, maxItems: CALLS_MAX },
  ),
});

export type BatchedCall = Static<typeof CallsBody>['calls'][number];

/** Its answer, at the same index. */
export interface BatchedAnswer {
  /**
   * Trace id of its call, so that no caller takes another call's answer; absent in old versions.
   */
  traceId?: string;
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

interface OperationCall extends Pick<BatchedCall, 'operationId' | 'params' | 'body' | 'traceId'> {
  /** The work of its caller. */
  parent: Context;
}

type Operation = (call: OperationCall, request: FastifyRequest) => Promise<BatchedAnswer>;

interface BatchOptions {
  log: Logger;
  /** Whether each call has a line in the log. */
  logRequests: boolean;
  metrics?: Metrics;
}

/**
 * Serves `POST /calls`: each call is checked, run and answered as if it had come alone, so that a
 * refused or failed call does not affect the others. The response is sent after the last answer.
 * @param identify refuses unknown callers before the body is read
 */
export function serveBatch(
  app: HttpServer,
  identify: (request: FastifyRequest) => Promise<unknown>,
  options: BatchOptions,
) {
  const { metrics } = options;
  const recorderOf = metrics === undefined ? () => () => {} : measureAnswers(metrics);
  const compile = createValidatorCompiler();
  const operations = new Map<string, Operation>();
  const run: Operation = (call, request) =>
    (operations.get(call.operationId) ?? noOperation)(call, request);

  app.route({
    method: 'POST',
    url: CALLS_PATH,
    bodyLimit: CALLS_MAX * BODY_BYTES_MAX,
    // As it is published (contracts/documents/openapi.ts).
    config: { operationId: 'callTogether' },
    schema: { body: CallsBody },
    onRequest: async (request) => void (await identify(request)),
    handler: async (request, reply) => {
      const { calls } = request.body as Static<typeof CallsBody>;
      const answers = await Promise.all(
        calls.map(async (call) => ({
          traceId: call.traceId,
          ...(await run({ ...call, parent: parentOf(headersOf(call)) }, request)),
        })),
      );
      // Fastify names no type for a serializer of ours.
      return reply.type('application/json').serializer(JSON.stringify).send({ answers });
    },
  });

  function validatorOf(schema: unknown, httpPart: 'params' | 'body') {
    if (schema === undefined) return () => NO_VIOLATIONS;
    const validate = compile({ schema, httpPart } as never) as Validate;
    return (part: unknown): readonly Violation[] => {
      if (validate(part as never)) return NO_VIOLATIONS;
      return violationsOf({ validation: validate.errors, validationContext: httpPart });
    };
  }

  return {
    /** Runs a call that a service of this thread made. */
    runLocal(call: LocalCall): Promise<BatchedAnswer> {
      const { operationId, params, body, position } = call;
      const parent = trace.setSpanContext(ROOT_CONTEXT, position);
      const given = { operationId, params, body, traceId: position.traceId, parent };
      return run(given, new LocalRequest(call, app.log) as unknown as FastifyRequest);
    },
    /** Adds a batchable operation. */
    add<E extends Endpoint, Caller, const R extends EndpointReply<E>>(
      endpoint: E,
      whoCalls: (request: FastifyRequest) => Promise<Caller>,
      handle: (call: Call<E, Caller>) => Promise<R>,
    ): void {
      const paramViolations = validatorOf(endpoint.params, 'params');
      const bodyViolations = validatorOf(endpoint.body, 'body');
      const operation: Operation = async (call, request) => {
        const { params, body, traceId } = call;
        try {
          const caller = await whoCalls(request);
          const [ofParams, ofBody] = [paramViolations(params), bodyViolations(body)];
          if (ofParams.length + ofBody.length > 0) {
            throw new AppError(commonProblems.invalidRequest, 'the call breaks its schema', {
              violations: [...ofParams, ...ofBody],
            });
          }
          annotate(idsIn(params));
          const input = { params, body, caller, request };
          const { status, body: answer } = await handle(input as never);
          return { status, body: answer };
        } catch (error) {
          return problemAnswer(error, request, traceId);
        }
      };
      operations.set(
        endpoint.operationId,
        traced(endpoint, operation, {
          ...options,
          record: recorderOf(endpoint.operationId),
        }),
      );
    },
  };
}

const NO_VIOLATIONS: readonly Violation[] = [];

/** The members of a request that an operation may use, which also comes in batches. */
class LocalRequest {
  readonly headers: { authorization: string };
  readonly log: FastifyBaseLogger;
  readonly #pathOf: () => string;

  constructor({ pathOf, authorization }: LocalCall, log: FastifyBaseLogger) {
    this.headers = { authorization };
    this.log = log;
    this.#pathOf = pathOf;
  }

  get url(): string {
    return this.#pathOf();
  }
}

/** The operation as a call of its own trace, whatever trace the batch came in. */
function traced(
  { method, path: route }: Endpoint,
  operation: Operation,
  { log, logRequests, record }: BatchOptions & { record: RecordAnswer },
): Operation {
  const service = serviceOf(log);
  return async (call, request) => {
    const startedAt = performance.now();
    const work = startWork({
      name: `${method} ${route}`,
      kind: SpanKind.SERVER,
      service,
      parent: call.parent,
    });
    const answer = await context.with(work.context, operation, undefined, call, request);
    const { status } = answer;
    endSpan(work.span, status >= 500, {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
    });
    const ms = performance.now() - startedAt;
    record(status, ms);
    if (logRequests) {
      logRequest(log, work, { method, route, status, ms, batched: true });
    }
    return answer;
  };
}

function headersOf({ traceId, traceparent, tracestate }: BatchedCall) {
  return { traceparent: traceparent ?? traceparentOf(newTrace(traceId)), tracestate };
}

const noOperation: Operation = async ({ operationId, traceId }, request) =>
  problemAnswer(
    new AppError(commonProblems.notFound, `no operation ${operationId.slice(0, 100)}`),
    request,
    traceId,
  );
