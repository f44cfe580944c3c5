import {
  type Answer,
  type AnswerOf,
  createClient,
  type Method,
  NoAnswerError,
  type OperationId,
  OutcomeUnknownError,
  ProblemError,
  type RequestOf,
  type SendOptions,
} from '#client/client.ts';

export { newKey } from '#client/client.ts';

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

/** A failed request. Status 0: no answer, or an answer of something other than the API. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly body: ProblemBody;
  /** Whether the request may have been carried out. */
  readonly open: boolean;
  /** From the answer's `retry-after`. */
  readonly retryAfterMs: number | null;

  constructor(body: ProblemBody, open: boolean, retryAfterMs: number | null = null) {
    super(body.title);
    this.status = body.status;
    this.body = body;
    this.open = open;
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
}

/** Each request is sent once, unless its options say more. */
export interface Api {
  /** @throws ApiProblem */
  call: <I extends OperationId>(
    operation: I,
    ...request: RequestOf<I>
  ) => Promise<Answer<AnswerOf<I>>>;
  /** Any path. @throws ApiProblem */
  send: <T>(method: Method, path: string, options?: SendOptions) => Promise<Answer<T>>;
  /** The body of a GET. `former` is an earlier one, which comes again if nothing has changed. */
  read: <T>(
    path: string,
    options?: Omit<SendOptions, 'former'> & { former?: T | null },
  ) => Promise<T>;
  /** The server's present moment: this machine's clock may be wrong. */
  now: () => number;
}

/**
 * Repeats until the API answers, or the page is left. A proxy may answer for hours in place of the
 * API, and a long pause is no use either: then the person decides.
 */
export const STEADILY = {
  deadlineMs: Number.POSITIVE_INFINITY,
  foreignMax: 2,
  pauseMaxMs: 30_000,
  // The page of an order shows how a Pending one ends.
  awaitOutcome: false,
} as const;

// Longer than the gateway's deadline for an order, so that its answer comes first.
const TIMEOUT_MS = 15_000;

type NoAnswer = 'unreachable' | 'foreign';

interface ApiOptions {
  /**
   * The token to send, null without one; with the token that the API has refused, a newer one where
   * there is one. It rejects when a renewal has no answer.
   */
  authorize: (refused?: string) => Promise<string | null>;
  language: string;
  /** Called when the API refuses the token. */
  onExpired: () => void;
  /** For requests without an answer of the API; `unknown` if they may be done. */
  texts: Record<NoAnswer | 'unknown', { title: string; detail: string }>;
}

/** The client of the public API, with problems that people can read. */
export function createApi({ authorize, language, onExpired, texts }: ApiOptions): Api {
  let hasToken = false;
  const client = createClient({
    baseUrl: '',
    language,
    timeoutMs: TIMEOUT_MS,
    deadlineMs: 0,
    async getAccessToken(refused) {
      try {
        const token = await authorize(refused);
        hasToken = token !== null;
        return token;
      } catch {
        throw new NoAnswerError('unreachable', 'the session was not renewed');
      }
    },
  });
  /** Answers by their bodies, for their ETags. */
  const answers = new WeakMap<object, Answer<unknown>>();
  /** The server's clock minus ours. The greatest is the truest: answers take time to arrive. */
  let aheadMs: number | null = null;

  function noteClock({ headers }: Answer<unknown>): void {
    const ms = Date.parse(headers.get('date') ?? '') - Date.now();
    if (!Number.isNaN(ms)) aheadMs = Math.max(aheadMs ?? ms, ms);
  }

  async function told<T>(request: Promise<T>): Promise<T> {
    try {
      return await request;
    } catch (error) {
      const problem = problemOf(error, texts);
      // Only an answer of the API ends the session; a proxy may say 401, too.
      if (problem instanceof ApiProblem && problem.body.code === 'unauthenticated' && hasToken) {
        onExpired();
      }
      throw problem;
    }
  }

  return {
    call: (operation, ...request) => told(client.call(operation, ...request)),
    send: (method, path, options) => told(client.send(method, path, options)),
    async read<T>(path: string, { former, ...options }: Parameters<Api['read']>[1] = {}) {
      const earlier = former ? answers.get(former as object) : undefined;
      const answer = await told(client.send<T>('GET', path, { ...options, former: earlier }));
      noteClock(answer);
      if (answer.headers.has('etag')) answers.set(answer.body as object, answer);
      return answer.body;
    },
    now: () => Date.now() + (aheadMs ?? 0),
  };
}

/** An error of the client as a problem; any other one as it is. */
function problemOf(error: unknown, texts: ApiOptions['texts']): unknown {
  const open = error instanceof OutcomeUnknownError;
  const cause = open ? error.cause : error;
  if (cause instanceof ProblemError) {
    const body = { ...cause.problem, retryable: cause.retryable } as ProblemBody;
    return new ApiProblem(body, open, cause.retryAfterMs);
  }
  if (!(cause instanceof NoAnswerError)) return error;
  // A read that breaks off is read again; a write was perhaps answered by another server.
  const isForeign = cause.reason === 'foreign' || (open && cause.reason === 'broken');
  const code = isForeign ? 'foreign' : 'unreachable';
  const text = open ? texts.unknown : texts[code];
  return new ApiProblem({ ...text, status: 0, code, retryable: true }, open);
}
