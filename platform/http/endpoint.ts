import type { Static, TSchema } from 'typebox';

/**
 * One HTTP operation of a contract. The server registers this value, the client calls it, and
 * OpenAPI publishes it.
 */
export interface Endpoint {
  operationId: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path with `:parameters`. */
  path: string;
  summary: string;
  tags?: readonly string[];
  params?: TSchema;
  query?: TSchema;
  headers?: TSchema;
  body?: TSchema;
  /** Schema of each success answer by status. */
  responses: Record<number, TSchema>;
  /** Problem codes of its answers, beyond those of every operation. */
  problems?: readonly { code: string }[];
  /** Services that may call it, for internal operations. */
  callers?: readonly string[];
  /** Whether a success answer has an `ETag`, and `If-None-Match` may be answered with 304. */
  conditional?: boolean;
  /** Whether its calls may share a batch (request-batch.ts); only with params and body. */
  batchable?: boolean;
}

type StaticOf<S> = S extends TSchema ? Static<S> : undefined;

/** The validated parts of a request. */
export interface EndpointInput<E extends Endpoint> {
  params: StaticOf<E['params']>;
  query: StaticOf<E['query']>;
  headers: StaticOf<E['headers']>;
  body: StaticOf<E['body']>;
}

/** The success answers of an endpoint: the schema of `body` follows `status`. */
export type EndpointReply<E extends Endpoint> = {
  [S in keyof E['responses'] & number]: {
    status: S;
    body: StaticOf<E['responses'][S]>;
    headers?: Record<string, string>;
  };
}[keyof E['responses'] & number];

/** The parts that a client must pass: those that the endpoint declares. */
export type EndpointRequest<E extends Endpoint> = (E['params'] extends TSchema
  ? { params: Static<E['params']> }
  : unknown) &
  (E['query'] extends TSchema ? { query: Static<E['query']> } : unknown) &
  (E['headers'] extends TSchema ? { headers: Static<E['headers']> } : unknown) &
  (E['body'] extends TSchema ? { body: Static<E['body']> } : unknown);
