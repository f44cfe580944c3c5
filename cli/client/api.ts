// client/: the API's client, sessions and exit codes. It needs no other room.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Static, TSchema } from 'typebox';
import { type Judgement, judgeAnswer, receiveAnswer, retryAfterMs } from '#contracts/answers.ts';
import { signIn } from '#contracts/gateway.ts';
import { ApiError, CliError, EXIT, type ExitCode, type Problem } from './exit-codes.ts';

/** The members of an operation of contracts/ that a call needs. */
export interface Operation {
  method: string;
  path: string;
  responses: Record<number, TSchema>;
  /** Takes no token. */
  public?: true;
}

export type BodyOf<O extends Operation> = Static<O['responses'][keyof O['responses'] & number]>;

interface ApiRequest {
  params?: Record<string, string>;
  /** Members that are undefined are left out. */
  query?: Record<string, string | number | undefined>;
  headers?: Record<string, string>;
  body?: unknown;
  /** Instead of the session's token. */
  token?: string;
  /** How long to repeat without an answer; by default 2 s for reads and 0 for writes. */
  waitMs?: number;
  /** How long one answer may take, where it is longer than others. */
  timeoutMs?: number;
}

export interface ApiAnswer<B> {
  status: number;
  headers: Headers;
  /** The body as it came, for `--json`. */
  text: string;
  /** Without escape characters: what is printed has those of our own styles only. */
  body: B;
}

export interface Api {
  /**
   * Calls an operation of the public API.
   * @throws ApiError for a problem document; CliError without an answer or a session
   */
  call<O extends Operation>(operation: O, request?: ApiRequest): Promise<ApiAnswer<BodyOf<O>>>;
}

interface ApiOptions {
  /** Without a slash at its end. */
  url: string;
  language: 'ru' | 'en';
  /** @throws CliError without a session */
  token: () => string | Promise<string>;
  /** Called before the first repetition. */
  onRepeat: () => void;
  /** The text for a URL that does not answer. */
  unreachable: (cause: string) => string;
  unexpected: (status: number) => string;
  /** The hint for a write without a key that may have been carried out. */
  maybeDone: string;
}

// The gateway's deadline for an order is 5 s; after twice that the answer is lost.
const ANSWER_TIMEOUT_MS = 10_000;
const READ_WAIT_MS = 2_000;
const PAUSE_FIRST_MS = 200;
const PAUSE_MAX_MS = 2_000;
/** Statuses of a gateway or proxy without a working system behind it. */
const AWAY = [502, 503, 504];

/** One request and its result. */
type Attempt =
  | { answer: ApiAnswer<unknown>; judgement: Judgement; retryAfterMs: number }
  | { failure: string };

/** The last attempt, a 202 before it, and whether an earlier attempt may have been carried out. */
interface Attempts {
  last: Attempt;
  pending: ApiAnswer<unknown> | undefined;
  mayBeDone: boolean;
}

/** The client of the public API: tokens, languages, and repetitions while there is no answer. */
export function createApi(options: ApiOptions): Api {
  return {
    async call<O extends Operation>(operation: O, request: ApiRequest = {}) {
      const attempts = await sendUntilFinal(options, operation, request);
      const { last, pending } = attempts;
      if ('answer' in last && last.judgement.kind === 'success') {
        return last.answer as ApiAnswer<BodyOf<O>>;
      }
      if (pending !== undefined && !isFinal(last)) return pending as ApiAnswer<BodyOf<O>>;
      const error = errorOf(options, operation, attempts);
      // With a key the command adds a more precise hint.
      const keyed = request.headers?.['idempotency-key'] !== undefined;
      const writes = operation.method !== 'GET' && operation.path !== signIn.path;
      if (error.open && writes && !keyed) error.hints.push(options.maybeDone);
      throw error;
    },
  };
}

/** Sends one request. */
async function send(
  { url, language, token }: ApiOptions,
  operation: Operation,
  request: ApiRequest,
): Promise<Attempt> {
  const bearer = operation.public === true ? null : (request.token ?? (await token()));
  const headers = {
    'accept-language': language,
    ...(request.body !== undefined && { 'content-type': 'application/json' }),
    ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
    ...request.headers,
  };
  const { method } = operation;
  const { path, search } = addressOf(operation, request);
  try {
    const response = await fetch(url + path + search, {
      method,
      headers,
      signal: AbortSignal.timeout(request.timeoutMs ?? ANSWER_TIMEOUT_MS),
      // A redirect must not carry the token to another server.
      redirect: 'manual',
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
    });
    const received = await receiveAnswer(response);
    const { status, text } = received;
    const key = request.headers?.['idempotency-key'];
    const judgement = judgeAnswer({ method, path, body: request.body, key }, received);
    const known = judgement.kind === 'success' || judgement.problem !== null;
    const body = known && text !== '' ? JSON.parse(text, withoutEscapes) : undefined;
    return {
      answer: { status, headers: response.headers, text, body },
      judgement,
      // Another server's `retry-after` says nothing about the API.
      retryAfterMs: known ? retryAfterMs(received) : 0,
    };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

/** Repeats until an answer is final or the time is over; remembers a 202. */
async function sendUntilFinal(
  options: ApiOptions,
  operation: Operation,
  request: ApiRequest,
): Promise<Attempts> {
  const { waitMs = operation.method === 'GET' ? READ_WAIT_MS : 0 } = request;
  const end = performance.now() + waitMs;
  let pending: ApiAnswer<unknown> | undefined;
  for (let number = 1; ; number++) {
    const mayBeDone = number > 1;
    const last = await send(options, operation, request).catch((error: unknown) => {
      // The token has expired between two trials.
      if (error instanceof CliError) error.open = mayBeDone;
      throw error;
    });
    if (isFinal(last)) return { last, pending, mayBeDone };
    if ('answer' in last && last.judgement.kind === 'success') pending = last.answer;
    const askedMs = 'answer' in last ? last.retryAfterMs : 0;
    const pauseMs = Math.max(backoffMs(number), askedMs);
    if (performance.now() + pauseMs > end) return { last, pending, mayBeDone };
    if (number === 1) options.onRepeat();
    await sleep(pauseMs);
  }
}

function errorOf(
  { unreachable, unexpected }: ApiOptions,
  operation: Operation,
  { last, mayBeDone }: Attempts,
): CliError {
  if ('failure' in last) return openError(EXIT.noAnswer, unreachable(last.failure));
  const { answer, judgement } = last;
  if (judgement.kind !== 'success' && judgement.problem !== null) {
    const error = new ApiError(answer.body as Problem, answer.text);
    error.open = judgement.kind === 'unknown' || (mayBeDone && !judgement.decided);
    return error;
  }
  if (AWAY.includes(answer.status)) {
    return openError(EXIT.noAnswer, unreachable(`HTTP ${answer.status}`));
  }
  // A read leaves no unknown outcome.
  const exitCode = operation.method === 'GET' ? EXIT.refused : EXIT.noAnswer;
  return openError(exitCode, unexpected(answer.status));
}

function openError(exitCode: ExitCode, message: string): CliError {
  const error = new CliError(exitCode, message);
  error.open = true;
  return error;
}

/** Path and query of a request. */
function addressOf({ path }: Operation, { params = {}, query = {} }: ApiRequest) {
  const filled = path.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return { path: filled, search: search.size > 0 ? `?${search}` : '' };
}

/** Whether a repetition cannot change the result. */
function isFinal(attempt: Attempt): boolean {
  if ('failure' in attempt) return false;
  const { judgement } = attempt;
  return judgement.kind === 'success' ? !judgement.pending : judgement.kind === 'refused';
}

/** Half of it is random, so that clients do not return all at once after a restart. */
function backoffMs(attempt: number): number {
  const most = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (attempt - 1));
  return most * (0.5 + Math.random() / 2);
}

/** The innermost cause, because `fetch failed` alone explains nothing. */
function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return failureOf(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0]);
  return error.message || error.name;
}

/** Texts of others may contain escape sequences; output.ts makes all other characters visible. */
function withoutEscapes(_name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value.replaceAll('\u001b', '\\u001b');
}
