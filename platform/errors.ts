/**
 * The kinds of failure this system tells apart. A closed list: each edge maps a kind to what it
 * does (HTTP: a status, `platform/problem.ts`; consumers: retry or dead letter), so one decision
 * is made where the failure is understood and never again by matching text.
 */
export type ErrorKind =
  | 'invalid' // the caller's input is wrong; repeating it cannot help
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict' // valid, but the present state forbids it
  | 'mismatch' // the same key or id was used before with other content
  | 'precondition' // a condition the caller stated does not hold (If-Match)
  | 'too-many'
  | 'too-large'
  | 'unsupported'
  | 'refused' // a business refusal (insufficient funds)
  | 'unavailable' // a transient fault: the outcome may be unknown, repeating is safe
  | 'internal'; // a defect of ours

/** One fault of an input: where it is and what is wrong with it. */
export interface Fault {
  /** RFC 6901 JSON pointer into the body, for example `/items/0/quantity`. */
  pointer?: string;
  /** Name of the query parameter, path parameter or header, when it is not in the body. */
  parameter?: string;
  /** Ajv's keyword or a rule of ours, for example `additionalProperties`. */
  rule: string;
  /** What the rule demands, for the message: a limit, a list of values. */
  expected?: string;
}

interface AppErrorOptions {
  cause?: unknown;
  /** Members added to the problem document (RFC 9457 section 3.2). */
  extra?: Record<string, unknown>;
  headers?: Record<string, string>;
  faults?: Fault[];
}

/**
 * The one error class. `code` is declared in a contract and reaches the caller; `message` is for
 * the log, with `cause`; callers get the code's own title and detail.
 */
export class AppError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly extra: Record<string, unknown>;
  readonly headers: Record<string, string>;
  readonly faults: Fault[];

  constructor(code: string, kind: ErrorKind, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.kind = kind;
    this.extra = options.extra ?? {};
    this.headers = options.headers ?? {};
    this.faults = options.faults ?? [];
  }
}

/** The text of anything thrown, with its causes, for the log. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined
    ? error.message
    : `${error.message}: ${describeError(error.cause)}`;
}
