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
  | 'misdirected' // for another host than this server
  | 'unsupported'
  | 'mismatch' // well formed, but it contradicts stored data: a reused key, an exceeded limit
  | 'too-many'
  | 'unavailable' // a transient fault: the outcome may be unknown, repeating is safe
  | 'internal'; // a defect of ours

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

/**
 * A fault that only a person can correct, such as a wrong password. Loops retry after it all the
 * same, and log it as an error.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}

// Errors of one fault, such as one per address of a host: the first ones name it.
const LISTED_MAX = 8;
const DEPTH_MAX = 8;
const PART_LENGTH_MAX = 500;
const DESCRIPTION_LENGTH_MAX = 2_000;

/**
 * The text of a thrown value for the log, with its code, the errors of an aggregate and all causes.
 * A text that several of them share appears once.
 */
export function describeError(error: unknown): string {
  const text = describe(error, new Set()) || 'an error without a text';
  return cut(text, DESCRIPTION_LENGTH_MAX);
}

function describe(error: unknown, said: Set<unknown>, depth = 0): string {
  if (depth > DEPTH_MAX || said.has(error)) return '';
  if (!(error instanceof Error)) return once(describeValue(error), said);
  said.add(error);
  const own = once(ownTextOf(error), said);
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [];
  const listed = errors.slice(0, LISTED_MAX).map((each) => describe(each, said, depth + 1));
  const cause = error.cause === undefined ? '' : describe(error.cause, said, depth + 1);
  return joined([own, joined(listed, ', '), cause], ': ');
}

/** Joins sentences: only the last one keeps its full stop. */
function joined(texts: string[], separator: string): string {
  const parts = texts.filter(Boolean);
  return parts.map((part, i) => (i < parts.length - 1 ? bare(part) : part)).join(separator);
}

/** A sentence without its full stop. */
const bare = (sentence: string): string => sentence.replace(/\.$/, '');

// Codes that repeat the class of the error, as the Kafka client's do, name no cause. A SQLSTATE
// says less than PostgreSQL's message; with it, versions would store different dead letters.
const CLASS_CODE = /^(?:PLT_|(?=.*\d)[0-9A-Z]{5}$)/;

/** Its message, and its code where the message does not name it. */
function ownTextOf(error: Error): string {
  // Node's error for a host with several addresses has no message of its own.
  const fallback = error instanceof AggregateError || error.cause !== undefined ? '' : error.name;
  const text = (error.message || fallback).trim();
  const { code } = error as { code?: unknown };
  const named = typeof code !== 'string' || text === '' || text.includes(code);
  return named || CLASS_CODE.test(code) ? text : `${bare(text)} (${code})`;
}

function describeValue(value: unknown): string {
  const isObject = typeof value === 'object' && value !== null;
  return String(isObject ? ((value as { message?: unknown }).message ?? '') : value);
}

/** The text, unless it was said already. */
function once(text: string, said: Set<unknown>): string {
  const short = cut(text, PART_LENGTH_MAX);
  if (said.has(short)) return '';
  said.add(short);
  return short;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** Whether a fault, or one of its causes, is an OperatorError. */
export function needsOperator(error: unknown, depth = 0): boolean {
  if (error instanceof OperatorError) return true;
  if (!(error instanceof Error) || depth > DEPTH_MAX) return false;
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error.cause, ...errors.slice(0, LISTED_MAX)].some((one) => needsOperator(one, depth + 1));
}

/**
 * A text for people of a fault of `listen`.
 * @param setting name of the setting that chooses the port
 */
export function describeListenFault(
  error: unknown,
  { host, port, setting }: { host: string; port: number; setting?: string | undefined },
): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    const remedy = setting === undefined ? '' : `; ${setting} sets another`;
    return new Error(`port ${port} on ${host} is already in use${remedy}`);
  }
  if (code === 'EACCES') return new Error(`no permission to listen on ${host}:${port}`);
  return error;
}

type Text = [title: string, detail: string];

/** Declares a problem. `contracts/operation.ts` has the same function. */
export function problem<const C extends string, const K extends ErrorKind>(
  code: C,
  kind: K,
  { ru, en }: { ru: Text; en: Text },
) {
  const textOf = ([title, detail]: Text) => ({ title, detail });
  return { code, kind, ru: textOf(ru), en: textOf(en) };
}

/** Problems that every HTTP service has. */
export const commonProblems = {
  invalidRequest: problem('invalid-request', 'invalid', {
    ru: ['Неверный запрос', 'Исправьте перечисленные ошибки и повторите запрос.'],
    en: ['Invalid request', 'Correct the listed faults and send it again.'],
  }),
  unauthenticated: problem('unauthenticated', 'unauthenticated', {
    ru: ['Требуется вход', 'Нужен действующий токен доступа.'],
    en: ['Sign-in required', 'A valid access token is needed.'],
  }),
  forbidden: problem('forbidden', 'forbidden', {
    ru: ['Доступ запрещён', 'Это действие вам не разрешено.'],
    en: ['Forbidden', 'You are not allowed to do this.'],
  }),
  notFound: problem('not-found', 'not-found', {
    ru: ['Не найдено', 'По этому адресу ничего нет.'],
    en: ['Not found', 'There is nothing at this address.'],
  }),
  methodNotAllowed: problem('method-not-allowed', 'not-allowed', {
    ru: ['Метод не поддерживается', 'Допустимые методы — в заголовке Allow.'],
    en: ['Method not allowed', 'The header Allow names the methods.'],
  }),
  tooLarge: problem('body-too-large', 'too-large', {
    ru: ['Слишком большой запрос', 'Тело запроса больше допустимого.'],
    en: ['Request too large', 'The body is larger than allowed.'],
  }),
  uriTooLong: problem('uri-too-long', 'uri-too-long', {
    ru: ['Слишком длинный адрес', 'Часть адреса длиннее допустимого.'],
    en: ['Address too long', 'A part of the address is longer than allowed.'],
  }),
  unsupportedMediaType: problem('unsupported-media-type', 'unsupported', {
    ru: [
      'Неподдерживаемый формат',
      'Тело принимается только как application/json без Content-Encoding.',
    ],
    en: [
      'Unsupported media type',
      'A body is accepted only as application/json without Content-Encoding.',
    ],
  }),
  unknownHost: problem('unknown-host', 'misdirected', {
    ru: [
      'Неизвестное имя узла',
      'Сервер доступен под именами localhost, 127.0.0.1 и [::1]. Другое имя задаёт PUBLIC_URL.',
    ],
    en: [
      'Unknown host name',
      'The server answers as localhost, 127.0.0.1 and [::1]. PUBLIC_URL adds another name.',
    ],
  }),
  tooMany: problem('too-many-requests', 'too-many', {
    ru: ['Слишком много попыток', 'Повторите позже, см. Retry-After.'],
    en: ['Too many attempts', 'Try again later, see Retry-After.'],
  }),
  unavailable: problem('unavailable', 'unavailable', {
    ru: [
      'Сервис временно недоступен',
      'Повторите запрос с тем же Idempotency-Key: он будет продолжен, а не выполнен дважды.',
    ],
    en: [
      'Temporarily unavailable',
      'Repeat the request with the same Idempotency-Key: it is resumed, not done twice.',
    ],
  }),
  overloaded: problem('overloaded', 'unavailable', {
    ru: [
      'Слишком много запросов сразу',
      'Ничего не сделано. Повторите позже, см. Retry-After; с тем же Idempotency-Key, если он есть.',
    ],
    en: [
      'Too many requests at once',
      'Nothing was done. Try again later, see Retry-After; with the same Idempotency-Key, if any.',
    ],
  }),
  internal: problem('internal', 'internal', {
    ru: ['Внутренняя ошибка', 'Ошибка на нашей стороне, она записана.'],
    en: ['Internal error', 'A fault on our side; it has been recorded.'],
  }),
} as const;
