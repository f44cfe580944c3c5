import type { Static, TSchema } from 'typebox';

/**
 * One HTTP operation as a contract declares it: what the server registers, what the client calls
 * and what OpenAPI publishes are this one value.
 */
export interface Endpoint {
  operationId: string;
  method: 'GET' | 'POST' | 'PUT';
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
  /** Codes of the problems it may answer, beyond those that every operation has. */
  problems?: readonly { code: string }[];
  /** Services that may call it, for internal operations. */
  callers?: readonly string[];
  /** Whether calls of it may travel together (calls.ts); only with params and body. */
  batchable?: boolean;
}

type StaticOf<S> = S extends TSchema ? Static<S> : undefined;

/** What a handler gets of a request, validated. */
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

/** The parts a client has to give: only those that the endpoint declares. */
export type EndpointRequest<E extends Endpoint> = (E['params'] extends TSchema
  ? { params: Static<E['params']> }
  : unknown) &
  (E['query'] extends TSchema ? { query: Static<E['query']> } : unknown) &
  (E['headers'] extends TSchema ? { headers: Static<E['headers']> } : unknown) &
  (E['body'] extends TSchema ? { body: Static<E['body']> } : unknown);
