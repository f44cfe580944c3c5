import type { Answer } from './exchange.ts';
import type { Operations } from './generated/types.ts';

export interface ClientOptions {
  /** Where the system answers: `https://shop.example`, with a path if it has one. */
  baseUrl: string;
  accessToken?: string | undefined;
  /**
   * Called before each request, and with a token that the API has refused: a newer one is then sent
   * once more. A NoAnswerError from here is repeated like a request without an answer.
   */
  getAccessToken?: ((refused?: string) => string | null | Promise<string | null>) | undefined;
  /** Instead of the global one. */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Of texts in answers: `ru` or `en`. */
  language?: string | undefined;
  /** For one answer; by default 10 s, twice the deadline of an order within the system. */
  timeoutMs?: number | undefined;
  /** For how long a read, or a write with a key, is repeated; by default 15 s. */
  deadlineMs?: number | undefined;
  /** Stops everything. */
  signal?: AbortSignal | undefined;
}

export interface CallOptions {
  /**
   * The Idempotency-Key. Store it before the call: after a crash only this key makes a repetition
   * safe. A new one by default.
   */
  key?: string | undefined;
  /** How long to repeat without a final answer; 0 sends the request once. */
  deadlineMs?: number | undefined;
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Instead of the client's token. */
  accessToken?: string | undefined;
  headers?: Record<string, string> | undefined;
  /** An earlier answer to the same read, which is returned again where nothing has changed. */
  former?: Answer<unknown> | undefined;
  /** Repeats a write without a key, too, for callers who know that twice is as good as once. */
  repeat?: boolean | undefined;
  /** Whether an earlier request with this key may have been done. */
  sentBefore?: boolean | undefined;
  /** False returns an order that is still Pending at once. */
  awaitOutcome?: boolean | undefined;
  /** Gives up after more answers of something other than the API in a row. */
  foreignMax?: number | undefined;
  /** Gives up where `Retry-After` asks for a longer pause. */
  pauseMaxMs?: number | undefined;
  /** Ends the repetitions; the request that is under way goes on. */
  until?: AbortSignal | undefined;
  /** Called before the pause of each repetition. */
  onRepeat?: (() => void) | undefined;
}

export type OperationId = keyof Operations;

/** Operations that answer with pages. */
export type PagedId = {
  [I in OperationId]: Operations[I] extends { item: unknown } ? I : never;
}[OperationId];

export type AnswerOf<I extends OperationId> = Operations[I]['answer'];
export type ItemOf<I extends PagedId> = Operations[I] extends { item: infer T } ? T : never;

type Given<I extends OperationId> = Pick<
  Operations[I],
  Extract<keyof Operations[I], 'params' | 'query' | 'body'>
>;
type Keyless<I extends OperationId> = Operations[I] extends { keyed: true }
  ? unknown
  : { key?: never };

/** What an operation takes, and how to call it. */
export type CallRequest<I extends OperationId> = Given<I> & CallOptions & Keyless<I>;

/** The request may be left out where the operation needs nothing. */
export type RequestOf<I extends OperationId> =
  object extends Given<I> ? [request?: CallRequest<I>] : [request: CallRequest<I>];

export type SendOptions = CallOptions & {
  query?: Record<string, string | number | boolean | undefined> | undefined;
  body?: unknown;
};
