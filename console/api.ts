/** A problem document of the API (RFC 9457), or what stands for one where no answer came. */
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

/** Status 0: nobody answered. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly body: ProblemBody;
  /** Milliseconds, where the answer names them. */
  readonly retryAfterMs: number | null;

  constructor(body: ProblemBody, retryAfterMs: number | null = null) {
    super(body.title);
    this.status = body.status;
    this.body = body;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether asking again may help: nobody answered, or the answer says so. */
  get retryable(): boolean {
    return this.status === 0 || this.body.retryable;
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
  /** For what may take long. */
  timeoutMs?: number;
}

export type Send = <T>(
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  options?: RequestOptions,
) => Promise<ApiAnswer<T>>;

export interface Api {
  send: Send;
  /** The body of a GET. */
  read: <T>(path: string, options?: RequestOptions) => Promise<T>;
}

// Longer than an order's budget, so that its answer comes first.
const TIMEOUT_MS = 15_000;

/**
 * The public API as this person calls it.
 * @param onExpired the token is not accepted any more
 */
export function createApi(options: {
  token: string | null;
  language: string;
  onExpired: () => void;
  unreachable: { title: string; detail: string };
}): Api {
  const { token, language, onExpired, unreachable } = options;

  async function request(method: string, path: string, given: RequestOptions): Promise<Response> {
    const { query = {}, body, headers, signal, timeoutMs = TIMEOUT_MS } = given;
    const parameters = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const search = parameters.length === 0 ? '' : `?${new URLSearchParams(parameters)}`;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await fetch(`${path}${search}`, {
        method,
        headers: {
          'accept-language': language,
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiProblem({ ...unreachable, status: 0, code: 'unreachable', retryable: true });
    }
  }

  const send: Send = async (method, path, given = {}) => {
    const answer = await request(method, path, given);
    const body = await answer.json().catch(() => {
      if (given.signal?.aborted) throw given.signal.reason;
      // Cut off, or something between us and the gateway answered.
      throw new ApiProblem({ ...unreachable, status: 0, code: 'unreachable', retryable: true });
    });
    if (answer.ok) return { status: answer.status, body, headers: answer.headers };
    if (answer.status === 401 && token !== null) onExpired();
    const seconds = Number(answer.headers.get('retry-after'));
    throw new ApiProblem(body, seconds > 0 ? seconds * 1000 : null);
  };

  return { send, read: async (path, given) => (await send('GET', path, given)).body as never };
}

/** A new idempotency key; `randomUUID` exists on https and on this machine's own addresses only. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
