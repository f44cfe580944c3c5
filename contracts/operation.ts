import type { TObject, TProperties, TSchema } from 'typebox';
import { NoQuery, strictObject } from './common.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What documents say of a problem; `problem` makes all of it. */
export interface DeclaredProblem {
  code: string;
  kind: string;
  en: { title: string; detail: string };
}

interface Members {
  summary: string;
  /** What the summary leaves out, in Markdown. */
  description?: string;
  tags?: readonly string[];
  callers?: readonly string[];
  batchable?: boolean;
  /** True for operations that need no token. */
  public?: boolean;
  /** True where a success answer has an `ETag` and `If-None-Match` may be answered with 304. */
  conditional?: boolean;
  /** True where a success answer has an `ETag` that `If-Match` of another operation takes. */
  versioned?: boolean;
  /** True where 201 and 202 name what was created in the header `Location`. */
  location?: boolean;
  /** True where 201 may repeat a stored result without a key, as `Idempotent-Replayed` says then. */
  repeatable?: boolean;
  /** True where requests are counted per account or address, so that 429 is possible. */
  rateLimited?: boolean;
  params?: TObject;
  query?: TObject;
  headers?: TObject;
  body?: TSchema;
  responses: Record<number, TSchema>;
  problems?: readonly DeclaredProblem[];
}

/** An endpoint: the server registers it, the client calls it, OpenAPI publishes it. */
export interface Operation extends Members {
  operationId: string;
  method: Method;
  path: string;
}

/** An operation of a contract. `at` is its method and its path with `:parameters`. */
export function operation<const I extends string, const M extends Members>(
  operationId: I,
  at: `${Method} /${string}`,
  members: M,
) {
  const [method, path] = at.split(' ') as [Method, string];
  return { operationId, method, path, ...members };
}

/** An operation of a service that only the gateway may call. */
export function internal<const I extends string, const M extends Members>(
  operationId: I,
  at: `${Method} /${string}`,
  members: M,
) {
  return operation(operationId, at, { callers: ['gateway'], ...members });
}

type Text = [title: string, detail: string];

/** A problem that callers can receive. `platform/errors.ts` has the same function. */
export function problem<const C extends string, const K extends string>(
  code: C,
  kind: K,
  { ru, en }: { ru: Text; en: Text },
) {
  const textOf = ([title, detail]: Text) => ({ title, detail });
  return { code, kind, ru: textOf(ru), en: textOf(en) };
}

// Twins: public operations that the gateway answers by one call to a service. A twin copies the
// members of the internal operation, so that the two cannot differ.

/** Members that the public operation declares itself; it copies the others. */
type Publication = Partial<Operation> & Pick<Operation, 'operationId' | 'tags' | 'path'>;

type Twin<I, P> = Omit<I, 'callers' | 'batchable' | keyof P> & P;

/** The public twin of an internal operation. */
export function publicTwin<const I extends Operation, const P extends Publication>(
  internal: I,
  publication: P,
): Twin<I, P> {
  const { callers: _, batchable: __, ...shared } = internal as I & Record<string, unknown>;
  return { ...shared, ...publication } as unknown as Twin<I, P>;
}

/** Members that all operators' operations share. */
export const operator = { tags: ['operator'], query: NoQuery } as const;

/** The public twin for operators. Its default path is `/v1` plus the internal path. */
export function operatorTwin<
  const I extends Operation,
  const P extends Omit<Publication, 'tags' | 'path'> & { path?: string },
>(internal: I, publication: P) {
  const path = `/v1${internal.path}`;
  const { tags } = operator;
  return publicTwin(
    { ...internal, query: internal.query ?? NoQuery },
    { tags, path, ...publication },
  );
}

type WithoutCustomer<S> =
  S extends TObject<infer P extends TProperties> ? TObject<Omit<P, 'customerId'>> : S;

/** The operation without `customerId`: the caller is the customer. */
type Own<I> = {
  [K in keyof I]: K extends 'params' | 'query' ? WithoutCustomer<I[K]> : I[K];
};

/** The public twin for customers: without `customerId`, which the gateway takes from the token. */
export function ownTwin<const I extends Operation, const P extends Publication>(
  internal: I,
  publication: P,
): Twin<Own<I>, P> {
  const { params, query = NoQuery, ...shared } = internal;
  const own = params === undefined ? undefined : withoutCustomer(params);
  const named = own !== undefined && Object.keys(own.properties).length > 0;
  const twin = { ...shared, ...(named && { params: own }), query: withoutCustomer(query) };
  return publicTwin(twin as Operation, publication) as unknown as Twin<Own<I>, P>;
}

function withoutCustomer(schema: TObject): TObject {
  const { customerId: _, ...properties } = schema.properties;
  return strictObject(properties);
}
