import type { TObject, TProperties } from 'typebox';
import { NoQuery, strictObject } from './common.ts';
import type { Operation } from './operation.ts';

// Public operations that the gateway answers with one call of a service. Their common members are
// derived, so that the two cannot differ.

/** The members that the public operation declares itself; all others are those of the internal one. */
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

/** All that an operation of operators has in common. */
export const operator = { tags: ['operator'], query: NoQuery } as const;

/** The same for operators, at the internal path below `/v1` unless another one is given. */
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

/** Of an operation that names the customer: the customer is then the caller. */
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
