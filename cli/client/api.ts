import { setTimeout as sleep } from 'node:timers/promises';
import type { Static, TSchema } from 'typebox';
import { type Judgement, judgeAnswer, receiveAnswer, retryAfterMs } from '#contracts/answers.ts';
import { signIn } from '#contracts/gateway.ts';
import { ApiError, CliError, EXIT, type ExitCode } from './exit-codes.ts';
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
   * @throws ApiError for a problem document; CliError when nobody answers or nobody is signed in
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
  /** Below the error of a request without a key that may have been done. */
  maybeDone: string;
}

// An order's budget in the gateway is 5 s; twice that means that the answer is lost.
const ANSWER_TIMEOUT_MS = 10_000;
const READ_WAIT_MS = 2_000;
const PAUSE_FIRST_MS = 200;
const PAUSE_MAX_MS = 2_000;
/** What a gateway or proxy answers while the system is away. */
const AWAY = [502, 503, 504];

/** One request and what came of it. */
type Trial =
  | { answer: ApiAnswer<unknown>; judgement: Judgement; retryAfterMs: number }
  | { fault: string };

/** The last trial, the best answer before it, and whether a trial before it may have been done. */
interface Trials {
  last: Trial;
  pending: ApiAnswer<unknown> | undefined;
  mayBeDone: boolean;
}

/** The client of the public API: tokens, languages, and repetitions while no answer comes. */
export function createApi(options: ApiOptions): Api {
  const { url, language, token, onRepeat, unreachable, unexpected, maybeDone } = options;

  async function send(operation: Operation, request: ApiRequest): Promise<Trial> {
    const headers = {
      'accept-language': language,
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(operation.public !== true && { authorization: `Bearer ${request.token ?? token()}` }),
      ...request.headers,
    };
    const { method } = operation;
    const { path, search } = addressOf(operation, request);
    try {
      const response = await fetch(url + path + search, {
        method,
        headers,
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
        // Where a token goes is what the customer named, and nowhere else.
        redirect: 'manual',
        ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
      });
      const received = await receiveAnswer(response);
      const { status, text } = received;
      const key = request.headers?.['idempotency-key'];
      const judgement = judgeAnswer({ method, path, body: request.body, key }, received);
      const known = judgement.kind === 'success' || judgement.problem !== null;
      const body = known ? JSON.parse(text, withoutControls) : undefined;
      return {
        answer: { status, headers: response.headers, text, body },
        judgement,
        // Of another server it says nothing about us.
        retryAfterMs: known ? retryAfterMs(received) : 0,
      };
    } catch (error) {
      return { fault: faultOf(error) };
    }
  }

  /** Repeats until an answer is final or the time is over; a 202 is kept as the best so far. */
  async function sendUntilFinal(operation: Operation, request: ApiRequest): Promise<Trials> {
    const { waitMs = operation.method === 'GET' ? READ_WAIT_MS : 0 } = request;
    const end = performance.now() + waitMs;
    let pending: ApiAnswer<unknown> | undefined;
    for (let trial = 1; ; trial++) {
      const mayBeDone = trial > 1;
      const last = await send(operation, request).catch((error: unknown) => {
        // The token has expired between two trials.
        if (error instanceof CliError) error.open = mayBeDone;
        throw error;
      });
      if (isFinal(last)) return { last, pending, mayBeDone };
      if ('answer' in last && last.judgement.kind === 'success') pending = last.answer;
      const askedMs = 'answer' in last ? last.retryAfterMs : 0;
      const pauseMs = Math.max(backoffMs(trial), askedMs);
      if (performance.now() + pauseMs > end) return { last, pending, mayBeDone };
      if (trial === 1) onRepeat();
      await sleep(pauseMs);
    }
  }

  function errorOf(operation: Operation, { last, mayBeDone }: Trials): CliError {
    if ('fault' in last) return openError(EXIT.noAnswer, unreachable(last.fault));
    const { answer, judgement } = last;
    if (judgement.kind !== 'success' && judgement.problem !== null) {
      const error = new ApiError(answer.body as Problem, answer.text);
      error.open = judgement.kind === 'unknown' || (mayBeDone && !judgement.decided);
      return error;
    }
    if (AWAY.includes(answer.status)) {
      return openError(EXIT.noAnswer, unreachable(`HTTP ${answer.status}`));
    }
    // Of a read nothing is left to find out.
    const exitCode = operation.method === 'GET' ? EXIT.refused : EXIT.noAnswer;
    return openError(exitCode, unexpected(answer.status));
  }

  return {
    async call<O extends Operation>(operation: O, request: ApiRequest = {}) {
      const trials = await sendUntilFinal(operation, request);
      const { last, pending } = trials;
      if ('answer' in last && last.judgement.kind === 'success') {
        return last.answer as ApiAnswer<BodyOf<O>>;
      }
      if (pending !== undefined && !isFinal(last)) return pending as ApiAnswer<BodyOf<O>>;
      const error = errorOf(operation, trials);
      // Where there is a key, its error says more.
      const keyed = request.headers?.['idempotency-key'] !== undefined;
      const writes = operation.method !== 'GET' && operation.path !== signIn.path;
      if (error.open && writes && !keyed) error.hints.push(maybeDone);
      throw error;
    },
  };
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

/** Whether repeating it is of no use. */
function isFinal(trial: Trial): boolean {
  if ('fault' in trial) return false;
  const { judgement } = trial;
  return judgement.kind === 'success' ? !judgement.pending : judgement.kind === 'refused';
}

/** Half of it by chance, so that clients whom one restart cut off do not come back together. */
function backoffMs(trial: number): number {
  const most = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (trial - 1));
  return most * (0.5 + Math.random() / 2);
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
