import type { ProblemBody } from '../contracts/answers.ts';

export type Violation = NonNullable<ProblemBody['errors']>[number];

/** The API refused the request: a problem document (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  /** The document; its pointers are JSON pointers without `#`. */
  readonly problem: ProblemBody;
  /** The document as it came. */
  readonly text: string;
  /** Whether no request under this Idempotency-Key will ever be done, so that the key is used up. */
  readonly decided: boolean;
  /** From `Retry-After`; null without one. */
  readonly retryAfterMs: number | null;

  constructor(
    problem: ProblemBody,
    { text, decided, retryAfterMs }: { text: string; decided: boolean; retryAfterMs: number },
  ) {
    super(`${problem.title}. ${problem.detail}`);
    this.problem = problem;
    this.text = text;
    this.decided = decided;
    this.retryAfterMs = retryAfterMs || null;
  }

  get code(): string {
    return this.problem.code;
  }
  get status(): number {
    return this.problem.status;
  }
  get title(): string {
    return this.problem.title;
  }
  get detail(): string {
    return this.problem.detail;
  }
  get errors(): Violation[] {
    return this.problem.errors ?? [];
  }
  get traceId(): string {
    return this.problem.traceId;
  }
  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.problem.retryable === true;
  }
}

/** Nothing answered, the answer broke off, or something other than the API answered. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  readonly reason: 'unreachable' | 'broken' | 'foreign';
  /** Of the foreign answer, otherwise 0. */
  readonly status: number;

  constructor(reason: NoAnswerError['reason'], message: string, status = 0) {
    super(message);
    this.reason = reason;
    this.status = status;
  }
}

/**
 * The request may have been carried out. Repeat it with this key: it is never done twice. The cause
 * is what ended the last attempt.
 */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError';
  /** Undefined for operations that take no key. */
  readonly key: string | undefined;

  constructor(key: string | undefined, cause: unknown) {
    super('the outcome of the request is unknown', { cause });
    this.key = key;
  }
}

/** The awaited state did not come in time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}
