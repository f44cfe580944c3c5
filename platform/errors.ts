/**
 * The kinds of failure. Each edge maps a kind to its reaction (HTTP: a status, http/problem.ts;
 * consumers: retry or dead letter), so that no code has to match error texts.
 */
export type ErrorKind =
  | 'invalid' // the caller's input is wrong; repeating it cannot help
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'not-allowed' // the address exists, but has no such method
  | 'refused' // a business refusal
  | 'conflict' // valid, but the current state forbids it
  | 'precondition' // the caller's condition does not hold (If-Match)
  | 'too-large'
  | 'uri-too-long'
  | 'unsupported'
  | 'mismatch' // well formed, but it contradicts stored data: a reused key, an exceeded limit
  | 'too-many'
  | 'unavailable' // a transient fault: the outcome may be unknown, repeating is safe
  | 'internal'; // a defect of ours

/** Title and detail of a problem in one language. */
interface ProblemText {
  title: string;
  detail: string;
}

/** A problem that callers can receive: declared once, in a contract or below. */
export interface ProblemType {
  /** Stable identifier for programs, kebab-case. */
  code: string;
  kind: ErrorKind;
  ru: ProblemText;
  en: ProblemText;
}

/** One violation of an input's schema or rules. */
export interface Violation {
  /** RFC 6901 JSON pointer into the body, for example `/items/0/quantity`. */
  pointer?: string;
  /** Name of the query parameter, path parameter or header, when it is not in the body. */
  parameter?: string;
  /** Ajv's keyword or a rule of ours, for example `additionalProperties`. */
  rule: string;
  /** The demand of the rule: a limit, a type, a list of values. */
  expected?: string;
}

/** Location of an invalid value: in the body or in a parameter. */
export type ViolationPlace = Pick<Violation, 'pointer'> | Pick<Violation, 'parameter'>;

interface AppErrorOptions {
  cause?: unknown;
  /** Members added to the problem document (RFC 9457 section 3.2). */
  extra?: Record<string, unknown>;
  headers?: Record<string, string>;
  violations?: Violation[];
  /** A deliberate refusal, such as while stopping: not logged as an error. */
  expected?: boolean;
}

/**
 * The one error class. Callers see the text of its problem type; `message` and `cause` are for the
 * log only.
 */
export class AppError extends Error {
  readonly problem: ProblemType;
  readonly extra: Record<string, unknown>;
  readonly headers: Record<string, string>;
  readonly violations: Violation[];
  readonly expected: boolean;

  constructor(problem: ProblemType, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.problem = problem;
    this.extra = options.extra ?? {};
    this.headers = options.headers ?? {};
    this.violations = options.violations ?? [];
    this.expected = options.expected ?? false;
  }
}

/** The text of a thrown value, with its causes, for the log. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node's error for a host with several addresses has no message of its own.
  const text =
    error.message === '' && error instanceof AggregateError
      ? error.errors.map(describeError).join(', ')
      : error.message;
  return error.cause === undefined ? text : `${text}: ${describeError(error.cause)}`;
}

/** Problems that every HTTP service has. */
export const commonProblems = {
  invalidRequest: {
    code: 'invalid-request',
    kind: 'invalid',
    ru: { title: 'Неверный запрос', detail: 'Исправьте перечисленные ошибки и повторите запрос.' },
    en: { title: 'Invalid request', detail: 'Correct the listed faults and send it again.' },
  },
  unauthenticated: {
    code: 'unauthenticated',
    kind: 'unauthenticated',
    ru: { title: 'Требуется вход', detail: 'Нужен действующий токен доступа.' },
    en: { title: 'Sign-in required', detail: 'A valid access token is needed.' },
  },
  forbidden: {
    code: 'forbidden',
    kind: 'forbidden',
    ru: { title: 'Доступ запрещён', detail: 'Это действие вам не разрешено.' },
    en: { title: 'Forbidden', detail: 'You are not allowed to do this.' },
  },
  notFound: {
    code: 'not-found',
    kind: 'not-found',
    ru: { title: 'Не найдено', detail: 'По этому адресу ничего нет.' },
    en: { title: 'Not found', detail: 'There is nothing at this address.' },
  },
  methodNotAllowed: {
    code: 'method-not-allowed',
    kind: 'not-allowed',
    ru: { title: 'Метод не поддерживается', detail: 'Допустимые методы — в заголовке Allow.' },
    en: { title: 'Method not allowed', detail: 'The header Allow names the methods.' },
  },
  tooLarge: {
    code: 'body-too-large',
    kind: 'too-large',
    ru: { title: 'Слишком большой запрос', detail: 'Тело запроса больше допустимого.' },
    en: { title: 'Request too large', detail: 'The body is larger than allowed.' },
  },
  uriTooLong: {
    code: 'uri-too-long',
    kind: 'uri-too-long',
    ru: { title: 'Слишком длинный адрес', detail: 'Часть адреса длиннее допустимого.' },
    en: { title: 'Address too long', detail: 'A part of the address is longer than allowed.' },
  },
  unsupportedMediaType: {
    code: 'unsupported-media-type',
    kind: 'unsupported',
    ru: {
      title: 'Неподдерживаемый формат',
      detail: 'Тело принимается только как application/json без Content-Encoding.',
    },
    en: {
      title: 'Unsupported media type',
      detail: 'A body is accepted only as application/json without Content-Encoding.',
    },
  },
  tooMany: {
    code: 'too-many-requests',
    kind: 'too-many',
    ru: { title: 'Слишком много попыток', detail: 'Повторите позже, см. Retry-After.' },
    en: { title: 'Too many attempts', detail: 'Try again later, see Retry-After.' },
  },
  unavailable: {
    code: 'unavailable',
    kind: 'unavailable',
    ru: {
      title: 'Сервис временно недоступен',
      detail:
        'Повторите запрос с тем же Idempotency-Key: он будет продолжен, а не выполнен дважды.',
    },
    en: {
      title: 'Temporarily unavailable',
      detail: 'Repeat the request with the same Idempotency-Key: it is resumed, not done twice.',
    },
  },
  overloaded: {
    code: 'overloaded',
    kind: 'unavailable',
    ru: {
      title: 'Слишком много запросов сразу',
      detail:
        'Ничего не сделано. Повторите позже, см. Retry-After; с тем же Idempotency-Key, если он есть.',
    },
    en: {
      title: 'Too many requests at once',
      detail:
        'Nothing was done. Try again later, see Retry-After; with the same Idempotency-Key, if any.',
    },
  },
  internal: {
    code: 'internal',
    kind: 'internal',
    ru: { title: 'Внутренняя ошибка', detail: 'Ошибка на нашей стороне, она записана.' },
    en: { title: 'Internal error', detail: 'A fault on our side; it has been recorded.' },
  },
} as const satisfies Record<string, ProblemType>;
