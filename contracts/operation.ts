import type { TObject, TSchema } from 'typebox';

type Method = 'GET' | 'POST' | 'PUT';

interface Members {
  summary: string;
  tags?: readonly string[];
  callers?: readonly string[];
  batchable?: boolean;
  /** True for operations that need no token. */
  public?: boolean;
  params?: TObject;
  query?: TObject;
  headers?: TObject;
  body?: TSchema;
  /** By status. */
  responses: Record<number, TSchema>;
  problems?: readonly { code: string; kind: string }[];
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
