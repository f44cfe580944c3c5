import type { Static, TObject, TSchema } from 'typebox';
import type { ProblemType } from '#platform/errors.ts';
import type { HttpClient } from '#platform/http/client.ts';
import type { Endpoint, EndpointRequest } from '#platform/http/endpoint.ts';
import { type Language, languageOf } from '#platform/http/language.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { problemOf } from '../context/service-clients.ts';

/** An operation that answers 200 and nothing else. */
interface Read extends Endpoint {
  responses: { 200: TSchema };
}
interface PublicRead extends Read {
  problems?: readonly ProblemType[];
}

type Body<E extends Read> = Static<E['responses'][200]>;

/** Makes the public answer of the internal one, where the two differ. */
type Convert<P extends PublicRead, I extends Read> = (body: Body<I>, language: Language) => Body<P>;

type Forward = <P extends PublicRead, I extends Read>(
  publicOperation: P,
  client: HttpClient,
  internalOperation: I,
  ...convert: Body<I> extends Body<P> ? [convert?: Convert<P, I>] : [convert: Convert<P, I>]
) => void;

/**
 * Registers public operations that are one call of a service each. Parameters and body are passed
 * on; the answer and the declared problems are passed back.
 * @param caller `customer`: the caller's id always becomes the `customerId` of the call.
 *   `operator`: operators only, and the call names the operator as its actor.
 */
export function forwardFor(
  caller: 'customer' | 'operator',
  app: HttpServer,
  gateway: Gateway,
): Forward {
  const identify = caller === 'operator' ? gateway.identifyOperator : gateway.identify;
  return (publicOperation, client, internalOperation, ...[convert]) => {
    const own = caller === 'customer' ? customerPartOf(internalOperation) : null;
    serve(app, publicOperation, { identify }, async (call) => {
      const { params, query, body, request } = call;
      const { customerId } = call.caller;
      const forwarded: Record<string, unknown> = { params, query, body };
      if (own !== null) forwarded[own] = { ...(call[own] as object | undefined), customerId };
      const answer = await client.call(
        internalOperation,
        forwarded as EndpointRequest<typeof internalOperation>,
        { deadline: gateway.readDeadline(), ...(own === null && { actor: customerId }) },
      );
      if (answer.problem) throw problemOf(answer, publicOperation.problems);
      const language = languageOf(request.headers['accept-language']);
      const found = answer.body as Body<typeof internalOperation>;
      return {
        status: 200,
        body: convert === undefined ? found : convert(found, language),
      } as never;
    });
  };
}

/** @throws Error for an operation without a customer: it would answer with data of other customers */
function customerPartOf({ operationId, params, query }: Read): 'params' | 'query' {
  const names = (schema: TSchema | undefined) => (schema as TObject | undefined)?.properties ?? {};
  if ('customerId' in names(params)) return 'params';
  if ('customerId' in names(query)) return 'query';
  throw new Error(`${operationId} takes no customerId`);
}
