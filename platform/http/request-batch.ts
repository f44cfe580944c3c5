import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { AppError, commonProblems, type Violation } from '../errors.ts';
import { BODY_BYTES_MAX } from './body-limit.ts';
import type { Endpoint, EndpointReply } from './endpoint.ts';
import { type Call, type HttpServer, problemAnswer } from './server.ts';
import { createValidatorCompiler, violationsOf } from './validation.ts';

/** Where several calls are sent in one request (contracts/openapi.ts tells it to others). */
export const CALLS_PATH = '/calls';
/** Most calls in one request. */
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

/** One of several calls in a request. */
export type TogetherCall = Static<typeof CallsBody>['calls'][number];

/** Its answer, at the same place among the answers. */
export interface TogetherAnswer {
  /** Of its call, so that nobody takes another call's answer; absent from older versions. */
  traceId?: string;
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

/** The operations of one server that may be called several at once. */
export interface Calls {
  add<E extends Endpoint, Caller, const R extends EndpointReply<E>>(
    endpoint: E,
    identify: (request: FastifyRequest) => Promise<Caller>,
    handle: (call: Call<E, Caller>) => Promise<R>,
  ): void;
}

type Operation = (call: TogetherCall, request: FastifyRequest) => Promise<TogetherAnswer>;

/**
 * Serves `POST /calls`: each call is checked, made and answered as if it had come alone, so that
 * one which is refused or fails changes nothing for the others. The answers come together, when the
 * last of them is there.
 * @param identify refuses who may call nothing here, before the body is read
 */
export function serveBatch(
  app: HttpServer,
  identify: (request: FastifyRequest) => Promise<unknown>,
): Calls {
  const compile = createValidatorCompiler();
  const operations = new Map<string, Operation>();

  app.route({
    method: 'POST',
    url: CALLS_PATH,
    bodyLimit: CALLS_MAX * BODY_BYTES_MAX,
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
      if (validate(part)) return [];
      return violationsOf({ validation: validate.errors, validationContext: httpPart });
    };
  }

  return {
    add(endpoint, whoCalls, handle) {
      const paramViolations = validatorOf(endpoint.params, 'params');
      const bodyViolations = validatorOf(endpoint.body, 'body');
      operations.set(endpoint.operationId, async (call, request) => {
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
          const { status, body: answer } = await handle(input as never);
          return { status, body: answer };
        } catch (error) {
          return problemAnswer(error, request, traceId);
        }
      });
    },
  };
}

interface Validate {
  (data: unknown): unknown;
  errors?: unknown;
}

const noOperation: Operation = async ({ operationId, traceId }, request) =>
  problemAnswer(
    new AppError(commonProblems.notFound, `no operation ${operationId.slice(0, 100)}`),
    request,
    traceId,
  );
