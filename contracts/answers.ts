import { isCancelledOrder, isSameMoney, money, ruleOf, type SentRequest } from './answer-shapes.ts';

// Decides which answers end a request. A proxy, a login page or another system may answer in our
// place although the request was done, so only an answer of our own shape counts. Console, command
// line and demo use this module. Browsers load it, so it imports only modules that browsers load.

export type { SentRequest };

/** A problem document of ours (RFC 9457). */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  traceId: string;
  retryable?: boolean;
  errors?: { pointer?: string; parameter?: string; rule: string; detail: string }[];
  [member: string]: unknown;
}

export interface ReceivedAnswer {
  status: number;
  header: (name: string) => string | null;
  text: string;
}

/** The meaning of an answer for its request. */
export type Judgement =
  /** A success answer of the operation; `pending`: it says that the outcome is still to come. */
  | { kind: 'success'; body: unknown; pending: boolean }
  /**
   * Refused for good. `decided`: no request under this key will ever be done, so the client drops
   * the key. Otherwise only this request was not done; an earlier one under the key may have been.
   */
  | { kind: 'refused'; problem: ProblemBody; decided: boolean }
  /** The request may or may not have been done. `problem` is null unless we sent the answer. */
  | { kind: 'unknown'; problem: ProblemBody | null };

/** Every problem that the public API answers with, by code, with its status. */
export const problemStatuses: Readonly<Record<string, number>> = {
  'invalid-request': 400,
  unauthenticated: 401,
  'sign-in-failed': 401,
  'session-ended': 401,
  forbidden: 403,
  'wrong-password': 403,
  'foreign-customer': 403,
  'self-top-up-off': 403,
  'not-found': 404,
  'confirmation-link-invalid': 404,
  'customer-not-found': 404,
  'template-unknown': 404,
  'method-not-allowed': 405,
  'insufficient-funds': 406,
  'order-cancelled': 409,
  'confirmation-not-needed': 409,
  'email-taken': 409,
  'password-in-settings': 409,
  'customer-erased': 409,
  'operator-account': 409,
  'letter-sent': 409,
  'no-contact': 409,
  'reversal-exceeds-balance': 409,
  'not-reversible': 409,
  'webhook-endpoint-disabled': 409,
  'webhook-endpoint-limit': 409,
  'profile-changed': 412,
  'body-too-large': 413,
  'uri-too-long': 414,
  'unsupported-media-type': 415,
  'unknown-host': 421,
  'balance-limit': 422,
  'idempotency-key-reused': 422,
  'reset-link-invalid': 422,
  'webhook-address-refused': 422,
  'too-many-requests': 429,
  internal: 500,
  unavailable: 503,
  overloaded: 503,
};

export function judgeAnswer(sent: SentRequest, answer: ReceivedAnswer): Judgement {
  const { status } = answer;
  const type = mediaTypeOf(answer);
  const unknown: Judgement = { kind: 'unknown', problem: null };
  // An answer to a request under another key, out of a cache perhaps.
  const echoed = answer.header('idempotency-key');
  if (sent.key !== undefined && echoed !== null && echoed !== sent.key) return unknown;
  const rule = ruleOf(sent);
  if (status === 204) {
    // Without a body there is nothing by which to know a foreign one.
    const isOurs = answer.text === '' && rule?.bodies[status] !== undefined;
    return isOurs ? { kind: 'success', body: null, pending: false } : unknown;
  }
  const body = parsed(answer.text);
  if (type === 'application/problem+json') {
    return isProblem(body, status) ? judgeProblem(sent, withPlaces(body)) : unknown;
  }
  if (type !== 'application/json' || typeof body !== 'object' || body === null) return unknown;
  if (rule === undefined) {
    return status === 200 ? { kind: 'success', body, pending: false } : unknown;
  }
  if (rule.bodies[status]?.(body) !== true || !rule.fits(body, sent)) return unknown;
  // Only an order's outcome is still to come.
  const pending = status === 202 && rule.bodies[201] !== undefined;
  return { kind: 'success', body, pending };
}

function judgeProblem(sent: SentRequest, problem: ProblemBody): Judgement {
  const { code, status } = problem;
  if (status >= 500 || status === 429) return { kind: 'unknown', problem };
  switch (code) {
    case 'insufficient-funds':
      return isShortage(problem) && isCancelledOrder(problem.order, code, sent)
        ? { kind: 'refused', problem, decided: true }
        : { kind: 'unknown', problem: null };
    case 'order-cancelled':
      return isCancelledOrder(problem.order, 'voided', sent)
        ? { kind: 'refused', problem, decided: true }
        : { kind: 'unknown', problem: null };
    default:
      return { kind: 'refused', problem, decided: code === 'idempotency-key-reused' };
  }
}

/** Balance and shortfall may be absent: they are not kept for ever. */
function isShortage({ balance, required, shortfall, order }: ProblemBody): boolean {
  const { total } = (order ?? {}) as { total?: unknown };
  const isMoneyOrAbsent = (value: unknown) => value === undefined || money(value);
  return isMoneyOrAbsent(balance) && isMoneyOrAbsent(shortfall) && isSameMoney(required, total);
}

/** Whether a body is a problem document of ours, answered with the status that it names. */
function isProblem(body: unknown, status: number): body is ProblemBody {
  if (typeof body !== 'object' || body === null) return false;
  const { type, title, detail, code, traceId, status: stated } = body as Partial<ProblemBody>;
  return (
    typeof code === 'string' &&
    Object.hasOwn(problemStatuses, code) &&
    problemStatuses[code] === status &&
    stated === status &&
    isTypeOf(code, type) &&
    typeof title === 'string' &&
    typeof detail === 'string' &&
    typeof traceId === 'string'
  );
}

/** The address of the problem's page, or the name that former versions answer with. */
function isTypeOf(code: string, type: unknown): boolean {
  return type === `/problems/${code}` || type === `urn:orderbell:problem:${code}`;
}

/**
 * The place in the body that a pointer names, without the `#` and the percent-encoding of a URI
 * fragment (RFC 6901 section 6), which former versions answer without.
 */
export function placeOf(pointer: string): string {
  if (!pointer.startsWith('#')) return pointer;
  try {
    return decodeURIComponent(pointer.slice(1));
  } catch {
    return pointer.slice(1);
  }
}

/** A problem with its places as forms name them: `/items/0/quantity`. */
function withPlaces(problem: ProblemBody): ProblemBody {
  if (!Array.isArray(problem.errors)) return problem;
  const errors = problem.errors.map((each) =>
    typeof each?.pointer === 'string' ? { ...each, pointer: placeOf(each.pointer) } : each,
  );
  return { ...problem, errors };
}

function mediaTypeOf({ header }: ReceivedAnswer): string {
  return (header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Milliseconds that Retry-After asks the client to wait (RFC 9110 section 10.2.3), or 0. */
export function retryAfterMs({ header }: ReceivedAnswer): number {
  const value = header('retry-after');
  return value !== null && /^\d{1,6}$/.test(value) ? Number(value) * 1_000 : 0;
}

// The largest answer of ours is a page of letters or a mail with attachments.
const ANSWER_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Reads an answer of `fetch`.
 * @throws Error when it breaks off, cannot be decoded, or is larger than any answer of ours
 */
export async function receiveAnswer(answer: Response): Promise<ReceivedAnswer> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  const reader = answer.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    bytes += part.value.byteLength;
    if (bytes > ANSWER_MAX_BYTES) {
      await reader?.cancel();
      throw new Error(`the answer has more than ${ANSWER_MAX_BYTES} bytes`);
    }
    text += decoder.decode(part.value, { stream: true });
  }
  text += decoder.decode();
  return { status: answer.status, header: (name) => answer.headers.get(name), text };
}
