import { judgeAnswer, receiveAnswer, retryAfterMs } from '../contracts/answers.ts';
import { NoAnswerError, ProblemError } from './errors.ts';

/** A longer timer would end at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Answer<B> {
  status: number;
  headers: Headers;
  /** The body as it came. */
  text: string;
  body: B;
}

/** One request as it goes out. */
export interface Outgoing {
  method: Method;
  path: string;
  /** Members that are undefined are left out. */
  query: Record<string, string | number | boolean | undefined>;
  headers: Record<string, string>;
  body: unknown;
  key: string | undefined;
  /** An earlier answer of the same read: its body comes again if nothing has changed. */
  former: Answer<unknown> | undefined;
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

/** One request and its result. */
export type Attempt =
  | { kind: 'success'; answer: Answer<unknown>; pending: boolean }
  | { kind: 'refused'; error: ProblemError }
  /** It may have been done, unless it was not even sent. */
  | { kind: 'unknown'; error: ProblemError | NoAnswerError; sent: boolean };

export interface Transport {
  /** Without a slash at its end. */
  baseUrl: string;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  language: string | undefined;
}

/**
 * Sends one request. Only an answer of the API's own shape is one: a proxy or a login page may
 * answer in its place.
 * @throws the signal's reason when it aborts; TypeError for what no request can carry
 */
export async function exchange(
  transport: Transport,
  outgoing: Outgoing,
  token: string | null,
): Promise<Attempt> {
  const { method, path, body, former, key, signal } = outgoing;
  signal?.throwIfAborted();
  const init = initOf(transport, outgoing, token);
  const limit = limited(outgoing);
  let answered = false;
  try {
    const response = await transport.fetch(transport.baseUrl + path + searchOf(outgoing.query), {
      ...init,
      signal: limit.signal,
    });
    answered = true;
    const received = await receiveAnswer(response);
    if (former !== undefined && isUnchanged(response, former)) {
      return { kind: 'success', answer: former, pending: false };
    }
    const { status, text } = received;
    const judgement = judgeAnswer({ method, path, body, key }, received);
    if (judgement.kind === 'success') {
      const answer = { status, headers: response.headers, text, body: judgement.body };
      return { kind: 'success', answer, pending: judgement.pending };
    }
    if (judgement.problem === null) {
      const error = new NoAnswerError('foreign', `HTTP ${status}`, status);
      return { kind: 'unknown', error, sent: true };
    }
    const decided = judgement.kind === 'refused' && judgement.decided;
    const waitMs = retryAfterMs(received);
    const error = new ProblemError(judgement.problem, { text, decided, retryAfterMs: waitMs });
    if (judgement.kind === 'refused') return { kind: 'refused', error };
    return { kind: 'unknown', error, sent: true };
  } catch (error) {
    signal?.throwIfAborted();
    const reason = answered ? 'broken' : 'unreachable';
    return { kind: 'unknown', error: new NoAnswerError(reason, innermost(error)), sent: true };
  } finally {
    limit.end();
  }
}

function initOf(
  { language }: Transport,
  { method, headers, body, former, key }: Outgoing,
  token: string | null,
): RequestInit {
  const etag = former?.headers.get('etag') ?? null;
  const written = {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(key !== undefined && { 'idempotency-key': key }),
    ...(etag !== null && { 'if-none-match': etag }),
    // A bare `ru` or `en` is the sign of clients that know problems by their former type only.
    ...(language !== undefined && { 'accept-language': `${language}, *;q=0.5` }),
    ...headers,
  };
  for (const [name, value] of Object.entries(written)) {
    // `fetch` would name the value, a token perhaps, and look like a network without an answer.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new TypeError(`${name} is no header value`);
  }
  return {
    method,
    headers: written,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    // The API never redirects. Following would carry the token to another server.
    redirect: 'manual',
  };
}

/** A 304 to the very ETag that was sent. A proxy that compresses makes ETags weak. */
function isUnchanged(response: Response, former: Answer<unknown>): boolean {
  const opaque = (headers: Headers) => headers.get('etag')?.replace(/^W\//, '');
  const asked = opaque(former.headers);
  return response.status === 304 && asked !== undefined && opaque(response.headers) === asked;
}

function searchOf(query: Outgoing['query']): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** A signal that aborts with the caller's, and after the timeout. */
function limited({ timeoutMs, signal }: Outgoing): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  const late = () => controller.abort(new Error(`no answer within ${timeoutMs} ms`));
  signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(late, Math.min(timeoutMs, TIMER_MAX_MS));
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}

/** The message of the innermost cause, because `fetch failed` alone explains nothing. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return innermost(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  return error.message || error.name;
}
