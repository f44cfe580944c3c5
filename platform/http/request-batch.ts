import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { AppError, commonProblems, type Violation } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { BODY_BYTES_MAX } from './body-limit.ts';
import type { Endpoint, EndpointReply } from './endpoint.ts';
import { problemAnswer } from './error-reply.ts';
import type { Call, HttpServer } from './server.ts';
import { measureAnswers } from './server-metrics.ts';
import { createValidatorCompiler, type Validate, violationsOf } from './validation.ts';

/** Path of a batch of calls (published by contracts/openapi.ts). */
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

type Operation = (call: BatchedCall, request: FastifyRequest) => Promise<BatchedAnswer>;

/**
 * Serves `POST /calls`: each call is checked, run and answered as if it had come alone, so that a
 * refused or failed call does not affect the others. The response is sent after the last answer.
 * @param identify refuses unknown callers before the body is read
 */
export function serveBatch(
  app: HttpServer,
  identify: (request: FastifyRequest) => Promise<unknown>,
  metrics?: Metrics,
) {
  const recorderOf = metrics === undefined ? () => () => {} : measureAnswers(metrics);
  const compile = createValidatorCompiler();
  const operations = new Map<string, Operation>();

  app.route({
    method: 'POST',
    url: CALLS_PATH,
    bodyLimit: CALLS_MAX * BODY_BYTES_MAX,
    // As it is published (contracts/openapi.ts).
    config: { operationId: 'callTogether' },
    schema: { body: CallsBody },
    onRequest: async (request) => void (await identify(request)),
    handler: async (request, reply) => {
      const { calls } = request.body as Static<typeof CallsBody>;
      const answers = await Promise.all(
        calls.map(async (call) => {
          const operation = operations.get(call.operationId) ?? noOperation;
          return { traceId: call.traceId, ...(await operation(call, request)) };
        }),
      );
      return reply.serializer(JSON.stringify).send({ answers });
    },
  });

  function validatorOf(schema: unknown, httpPart: 'params' | 'body') {
    if (schema === undefined) return () => [];
    const validate = compile({ schema, httpPart } as never) as Validate;
    return (part: unknown): Violation[] => {
      if (validate(part as never)) return [];
      return violationsOf({ validation: validate.errors, validationContext: httpPart });
    };
  }

  return {
    /** Adds a batchable operation. */
    add<E extends Endpoint, Caller, const R extends EndpointReply<E>>(
      endpoint: E,
      whoCalls: (request: FastifyRequest) => Promise<Caller>,
      handle: (call: Call<E, Caller>) => Promise<R>,
    ): void {
      const paramViolations = validatorOf(endpoint.params, 'params');
      const bodyViolations = validatorOf(endpoint.body, 'body');
      const record = recorderOf(endpoint.operationId);
      const answer: Operation = async (call, request) => {
        const { params, body, traceId } = call;
        try {
          const caller = await whoCalls(request);
          const violations = [...paramViolations(params), ...bodyViolations(body)];
          if (violations.length > 0) {
            throw new AppError(commonProblems.invalidRequest, 'the call breaks its schema', {
              violations,
            });
          }
          const input = { params, body, caller, request, traceId };
          const { status, body: content } = await handle(input as never);
          return { status, body: content };
        } catch (error) {
          return problemAnswer(error, request, traceId);
        }
      };
      operations.set(endpoint.operationId, async (call, request) => {
        const startedAt = performance.now();
        const answered = await answer(call, request);
        record(answered.status, performance.now() - startedAt);
        return answered;
      });
    },
  };
}

const noOperation: Operation = async ({ operationId, traceId }, request) =>
  problemAnswer(
    new AppError(commonProblems.notFound, `no operation ${operationId.slice(0, 100)}`),
    request,
    traceId,
  );
