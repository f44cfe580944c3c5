import {
  type Judgement,
  judgeAnswer,
  type ReceivedAnswer,
  receiveAnswer,
  retryAfterMs,
} from '#contracts/answers.ts';

/** A problem document of the API (RFC 9457), or the console's own where the API did not answer. */
export interface ProblemBody {
  title: string;
  detail: string;
  status: number;
  code: string;
  retryable: boolean;
  traceId?: string;
  errors?: { pointer?: string; parameter?: string; rule: string; detail: string }[];
  [member: string]: unknown;
}

/**
 * The state of the request after a problem: `decided` and `refused` as in contracts/answers.ts;
 * with `unknown` it may have been carried out.
 */
type RequestEnd = 'decided' | 'refused' | 'unknown';

/** A failed request. Status 0: no answer, or an answer of something other than the API. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly body: ProblemBody;
  readonly end: RequestEnd;
  /** From the answer's `retry-after`. */
  readonly retryAfterMs: number | null;

  constructor(body: ProblemBody, end: RequestEnd = 'unknown', retryAfterMs: number | null = null) {
    super(body.title);
    this.status = body.status;
    this.body = body;
    this.end = end;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether a repetition may help: the API did not answer, or says so. */
  get retryable(): boolean {
    return this.status === 0 || this.body.retryable;
  }

  /** Whether the console itself failed: its message is not for readers, and in English. */
  get own(): boolean {
    return this.body.code === 'console';
  }

  /** Whether something else answered in place of the API. */
  get foreign(): boolean {
    return this.body.code === 'foreign';
  }
}

export interface ApiAnswer<T> {
  status: number;
  body: T;
  headers: Headers;
}

export interface RequestOptions {
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
}

export type Send = <T>(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  options?: RequestOptions,
) => Promise<ApiAnswer<T>>;

export interface Api {
  send: Send;
  /** The body of a GET. */
  read: <T>(path: string, options?: RequestOptions) => Promise<T>;
}

// Longer than the gateway's deadline for an order, so that its answer comes first.
const TIMEOUT_MS = 15_000;

type NoAnswer = 'unreachable' | 'foreign';

/**
 * The client of the public API.
 * @param options.authorize the token to send, null without one; with the token that the API has
 *   refused, a newer one where there is one. It rejects when a renewal has no answer.
 * @param options.onExpired called when the API refuses the token
 * @param options.texts for requests without an answer of the API; `unknown` if they may be done
 */
export function createApi(options: {
  authorize: (refused?: string) => Promise<string | null>;
  language: string;
  onExpired: () => void;
  texts: Record<NoAnswer | 'unknown', { title: string; detail: string }>;
}): Api {
  const { language, onExpired, texts } = options;

  function noAnswer(method: string, code: NoAnswer): ApiProblem {
    const text = method === 'GET' ? texts[code] : texts.unknown;
    return new ApiProblem({ ...text, status: 0, code, retryable: true });
  }

  async function authorize(refused?: string): Promise<string | null> {
    try {
      return await options.authorize(refused);
    } catch {
      // Nothing was sent.
      throw noAnswer('GET', 'unreachable');
    }
  }

  async function request(
    method: string,
    path: string,
    given: RequestOptions,
    token: string | null,
  ): Promise<{ received: ReceivedAnswer; headers: Headers }> {
    const { query = {}, body, headers, signal, timeoutMs = TIMEOUT_MS } = given;
    const parameters = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const search = parameters.length === 0 ? '' : `?${new URLSearchParams(parameters)}`;
    const timeout = AbortSignal.timeout(timeoutMs);
    let answered = false;
    try {
      const answer = await fetch(`${path}${search}`, {
        method,
        headers: {
          'accept-language': language,
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        // The API never redirects. Following would send the request to another server.
        redirect: 'manual',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      answered = true;
      return { received: await receiveAnswer(answer), headers: answer.headers };
    } catch (error) {
      if (signal?.aborted) throw error;
      // An answer that breaks off or cannot be decoded counts as one of another server.
      throw noAnswer(method, answered && method !== 'GET' ? 'foreign' : 'unreachable');
    }
  }

  const send: Send = async (method, path, given = {}) => {
    const sent = await authorize();
    const { body, headers: { 'idempotency-key': key } = {} } = given;
    const judge = (received: ReceivedAnswer) => judgeAnswer({ method, path, body, key }, received);
    // Only an answer of the API ends the session; a proxy may say 401, too.
    const isRefused = (judged: Judgement) =>
      judged.kind !== 'success' && judged.problem?.code === 'unauthenticated';

    let answer = await request(method, path, given, sent);
    let judgement = judge(answer.received);
    if (sent !== null && isRefused(judgement)) {
      const renewed = await authorize(sent);
      // Nothing was done by the first request.
      if (renewed !== null && renewed !== sent) {
        answer = await request(method, path, given, renewed);
        judgement = judge(answer.received);
      }
      if (isRefused(judgement)) onExpired();
    }
    const { received, headers } = answer;
    if (judgement.kind === 'success') {
      return { status: received.status, body: judgement.body as never, headers };
    }
    if (judgement.problem === null) throw noAnswer(method, 'foreign');
    throw problemOf(judgement, judgement.problem, received);
  };

  return { send, read: async (path, given) => (await send('GET', path, given)).body as never };
}

function problemOf(
  judgement: Judgement,
  problem: Omit<ProblemBody, 'retryable'> & { retryable?: boolean },
  received: ReceivedAnswer,
): ApiProblem {
  const refused = judgement.kind === 'refused' && (judgement.decided ? 'decided' : 'refused');
  const body = { ...problem, retryable: problem.retryable === true } as ProblemBody;
  return new ApiProblem(body, refused || 'unknown', retryAfterMs(received) || null);
}

/** A new idempotency key. `randomUUID` is missing on plain http, except on localhost. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
