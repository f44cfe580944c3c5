import { setTimeout as sleep } from 'node:timers/promises';
import type { Static, TSchema } from 'typebox';
import { CliError, EXIT, Refusal } from './exit-codes.ts';
import type { Problem } from './problem.ts';

/** What an operation of contracts/ says of itself. */
interface Operation {
  method: string;
  path: string;
  responses: Record<number, TSchema>;
  /** Whether it takes no token. */
  public?: true;
}

type BodyOf<O extends Operation> = Static<O['responses'][keyof O['responses'] & number]>;

export interface ApiRequest {
  params?: Record<string, string>;
  /** Members that are undefined are left out. */
  query?: Record<string, string | number | undefined>;
  headers?: Record<string, string>;
  body?: unknown;
  /** Instead of the one of the session. */
  token?: string;
  /** How long it is repeated while no answer comes; 2 s for reads and 0 for the rest if absent. */
  waitMs?: number;
}

export interface ApiAnswer<B> {
  status: number;
  headers: Headers;
  /** As it came, for programs. */
  text: string;
  /** For people: without characters that would steer a terminal. */
  body: B;
}

export interface Api {
  /**
   * Calls an operation of the public API.
   * @throws Refusal for a problem document; CliError when nobody answers or nobody is signed in
   */
  call<O extends Operation>(operation: O, request?: ApiRequest): Promise<ApiAnswer<BodyOf<O>>>;
}

export interface ApiOptions {
  /** Without a slash at its end. */
  url: string;
  language: 'ru' | 'en';
  /** @throws CliError when nobody is signed in */
  token: () => string;
  /** Called before the first repetition. */
  onRepeat: () => void;
  /** Text for a URL where nobody answers. */
  unreachable: (cause: string) => string;
  unexpected: (status: number) => string;
}

// An order's budget in the gateway is 5 s; twice that means that the answer is lost.
const ANSWER_TIMEOUT_MS = 10_000;
const READ_WAIT_MS = 2_000;
const PAUSE_FIRST_MS = 200;
const PAUSE_MAX_MS = 2_000;
/** Nobody knows then whether it was done: with the same key it may be repeated. */
const REPEATABLE = [502, 503, 504];

type Trial = ApiAnswer<unknown> | { fault: string };

/** The client of the public API: tokens, languages, and repetitions while no answer comes. */
export function createApi(options: ApiOptions): Api {
  const { url, language, token, onRepeat, unreachable, unexpected } = options;

  async function send(operation: Operation, request: ApiRequest): Promise<Trial> {
    const headers = {
      'accept-language': language,
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(operation.public !== true && { authorization: `Bearer ${request.token ?? token()}` }),
      ...request.headers,
    };
    try {
      const answer = await fetch(url + addressOf(operation, request), {
        method: operation.method,
        headers,
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
        // Where a token goes is what the customer named, and nowhere else.
        redirect: 'manual',
        ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
      });
      const text = await answer.text();
      const json = answer.headers.get('content-type')?.includes('json') ?? false;
      const body = json ? JSON.parse(text, withoutControls) : undefined;
      return { status: answer.status, headers: answer.headers, text, body };
    } catch (error) {
      return { fault: faultOf(error) };
    }
  }

  /** Repeats until an answer is final or the time is over; a 202 is kept as the best so far. */
  async function sendUntilFinal(operation: Operation, request: ApiRequest): Promise<Trial> {
    const { waitMs = operation.method === 'GET' ? READ_WAIT_MS : 0 } = request;
    const end = performance.now() + waitMs;
    let pending: Trial | undefined;
    for (let trial = 1; ; trial++) {
      const answer = await send(operation, request);
      if (isFinal(answer)) return answer;
      if (isAccepted(answer)) pending = answer;
      const pauseMs = Math.max(backoffMs(trial), retryAfterMs(answer));
      if (performance.now() + pauseMs > end) return pending ?? answer;
      if (trial === 1) onRepeat();
      await sleep(pauseMs);
    }
  }

  return {
    async call<O extends Operation>(operation: O, request: ApiRequest = {}) {
      const answer = await sendUntilFinal(operation, request);
      if ('fault' in answer) throw new CliError(EXIT.noAnswer, unreachable(answer.fault));
      // A page under our address has no JSON, whatever its status says.
      if (answer.status in operation.responses && answer.body !== undefined) {
        return answer as ApiAnswer<BodyOf<O>>;
      }
      if (isProblem(answer.body)) throw new Refusal(answer.body, answer.text);
      if (REPEATABLE.includes(answer.status)) {
        throw new CliError(EXIT.noAnswer, unreachable(`HTTP ${answer.status}`));
      }
      throw new CliError(EXIT.refused, unexpected(answer.status));
    },
  };
}

function addressOf({ path }: Operation, { params = {}, query = {} }: ApiRequest): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size > 0 ? `${filled}?${search}` : filled;
}

function isFinal(answer: Trial): boolean {
  return !('fault' in answer) && !isAccepted(answer) && !REPEATABLE.includes(answer.status);
}

function isAccepted(answer: Trial): boolean {
  return !('fault' in answer) && answer.status === 202;
}

function isProblem(body: unknown): body is Problem {
  const { code, detail } = (body ?? {}) as Partial<Problem>;
  return typeof code === 'string' && typeof detail === 'string';
}

/** Half of it by chance, so that clients whom one restart cut off do not come back together. */
function backoffMs(trial: number): number {
  const most = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (trial - 1));
  return most * (0.5 + Math.random() / 2);
}

/** Retry-After in seconds (RFC 9110 section 10.2.3); its form with a date is not ours. */
function retryAfterMs(answer: Trial): number {
  const value = 'fault' in answer ? null : answer.headers.get('retry-after');
  return value !== null && /^\d{1,6}$/.test(value) ? Number(value) * 1_000 : 0;
}

/** The innermost cause: `fetch failed` alone says nothing. */
function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return faultOf(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return faultOf(error.errors[0]);
  return error.message || error.name;
}

/** A mail server's answer may hold anything, escape sequences included. */
function withoutControls(_name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return value.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
