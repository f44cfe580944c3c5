import { STATUS_CODES } from 'node:http';
import {
  AppError,
  commonProblems,
  type ErrorKind,
  type ProblemType,
  type Violation,
} from '../errors.ts';
import type { Language } from './language.ts';
import { patternText } from './pattern-texts.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** HTTP status of each kind of failure. */
const statusOfKind: Record<ErrorKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'not-allowed': 405,
  refused: 406,
  conflict: 409,
  precondition: 412,
  'too-large': 413,
  'uri-too-long': 414,
  unsupported: 415,
  misdirected: 421,
  mismatch: 422,
  'too-many': 429,
  unavailable: 503,
  internal: 500,
};

/**
 * Maximum number of violations in an answer: enough to correct a form, too few to amplify an
 * attack.
 */
export const VIOLATIONS_MAX = 100;

/** An RFC 9457 problem document with our members (docs/reference/api.md). */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  /** By `expected` another service writes the detail in its language. */
  errors?: (Violation & { detail: string })[];
  traceId: string;
  retryable: boolean;
  [extra: string]: unknown;
}

export function statusOf(problem: ProblemType): number {
  return statusOfKind[problem.kind];
}

/** URI of a problem type (RFC 9457 section 3.1.1): an identifier, not an address. */
export function problemTypeUri(code: string): string {
  return `urn:orderbell:problem:${code}`;
}

/**
 * Converts an error to a problem document in the reader's language.
 * @param instance path of the request, without its query, which may contain secrets
 */
export function toProblem(
  error: AppError,
  context: { language: Language; instance: string; traceId: string },
): ProblemDocument {
  const { problem } = error;
  const text = problem[context.language];
  return {
    type: problemTypeUri(problem.code),
    title: text.title,
    status: statusOf(problem),
    detail: text.detail,
    instance: context.instance,
    code: problem.code,
    ...(error.violations.length > 0 && {
      errors: error.violations.slice(0, VIOLATIONS_MAX).map((violation) => ({
        ...(violation.pointer !== undefined && { pointer: violation.pointer }),
        ...(violation.parameter !== undefined && { parameter: violation.parameter }),
        rule: violation.rule,
        ...(violation.expected !== undefined && { expected: violation.expected }),
        detail: violationText(violation, context.language),
      })),
    }),
    traceId: context.traceId,
    retryable: problem.kind === 'unavailable' || problem.kind === 'too-many',
    ...error.extra,
  };
}

/**
 * Converts a thrown value to an AppError. Unknown errors are defects, whose text callers do not
 * see.
 * @param bodyLimit of the route, for the answer to a larger body
 */
export function toAppError(error: unknown, bodyLimit?: number): AppError {
  if (error instanceof AppError) return error;
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  const known = typeof status === 'number' ? parserProblems[status] : undefined;
  if (known !== undefined) {
    const tooLarge = known === commonProblems.tooLarge && bodyLimit !== undefined;
    return new AppError(known, STATUS_CODES[status as number] ?? 'request refused', {
      cause: error,
      ...(tooLarge && {
        violations: [{ pointer: '', rule: 'bodyBytes', expected: String(bodyLimit) }],
      }),
    });
  }
  return new AppError(commonProblems.internal, 'unexpected error', { cause: error });
}

/** Problems for refusals of Fastify's router and parsers. */
const parserProblems: Record<number, ProblemType> = {
  400: commonProblems.invalidRequest,
  404: commonProblems.notFound,
  413: commonProblems.tooLarge,
  414: commonProblems.uriTooLong,
  415: commonProblems.unsupportedMediaType,
  429: commonProblems.tooMany,
  503: commonProblems.unavailable,
};

type ViolationText = (expected: string) => { ru: string; en: string };

/** The message for a broken rule, by Ajv keyword and by the rules of our own checks. */
const violationTexts: Record<string, ViolationText> = {
  type: (x) => ({ ru: `ожидается тип: ${x}`, en: `expected type: ${x}` }),
  required: () => ({ ru: 'обязательное поле отсутствует', en: 'required, but absent' }),
  additionalProperties: () => ({ ru: 'неизвестное поле', en: 'unknown field' }),
  'public-address': () => ({
    ru: 'нужен публичный адрес, который начинается с https://',
    en: 'must be a public address that begins with https://',
  }),
  minimum: (x) => ({ ru: `не меньше ${x}`, en: `at least ${x}` }),
  maximum: (x) => ({ ru: `не больше ${x}`, en: `at most ${x}` }),
  minLength: (x) =>
    x === '1'
      ? { ru: 'не может быть пустым', en: 'must not be empty' }
      : { ru: `не короче ${x} символов`, en: `at least ${x} characters` },
  maxLength: (x) => ({ ru: `не длиннее ${x} символов`, en: `at most ${x} characters` }),
  minItems: (x) =>
    x === '1'
      ? { ru: 'нужен хотя бы один элемент', en: 'at least one element' }
      : { ru: `не меньше ${x} элементов`, en: `at least ${x} elements` },
  maxItems: (x) => ({ ru: `не больше ${x} элементов`, en: `at most ${x} elements` }),
  // The pattern itself is the member `expected`.
  pattern: patternText,
  ascii: () => ({
    ru: 'кириллица и другие символы вне ASCII не поддерживаются; домен можно записать как xn--…',
    en: 'characters beyond ASCII are not supported; a domain can be written as xn--…',
  }),
  // Of the formats only this one is used in requests.
  format: () => ({
    ru: 'ожидаются дата и время, например 2026-03-05T09:07:00Z',
    en: 'expected a date and time such as 2026-03-05T09:07:00Z',
  }),
  later: (x) => ({ ru: `нужен момент позже ${x}`, en: `must be later than ${x}` }),
  'time-zone': (x) => ({
    ru: `часового пояса «${x}» нет; нужно имя IANA, например Asia/Yekaterinburg`,
    en: `there is no time zone “${x}”; give an IANA name such as Asia/Yekaterinburg`,
  }),
  enum: (x) => ({ ru: `одно из: ${x}`, en: `one of: ${x}` }),
  oneOf: (x) => ({
    ru: `можно задать только один из параметров: ${x}`,
    en: `give at most one of: ${x}`,
  }),
  const: (x) => ({ ru: `допустимо только: ${x}`, en: `only this is allowed: ${x}` }),
  total: (x) => ({ ru: `сумма вне пределов ${x}`, en: `the total is outside ${x}` }),
  cursor: () => ({ ru: 'курсор не от этого списка', en: 'not a cursor of this list' }),
  bodyBytes: (x) => ({ ru: `не больше ${x} байт`, en: `at most ${x} bytes` }),
  json: () => ({ ru: 'неверный JSON', en: 'not valid JSON' }),
  jsonDepth: (x) => ({ ru: `не больше ${x} уровней вложенности`, en: `at most ${x} levels deep` }),
  maxProperties: (x) => ({ ru: `не больше ${x} полей`, en: `at most ${x} members` }),
  'common-password': (x) =>
    x === 'address'
      ? {
          ru: 'это ваш адрес: его подберут первым, придумайте другой пароль',
          en: 'this is your address, which is guessed first: choose another password',
        }
      : {
          ru: 'это один из самых частых паролей: его подберут первым, придумайте другой',
          en: 'this is one of the most used passwords, which are guessed first: choose another one',
        },
};

function violationText(violation: Violation, language: Language): string {
  const text = violationTexts[violation.rule];
  if (text !== undefined) return text(violation.expected ?? '')[language];
  return language === 'ru' ? 'недопустимое значение' : 'not allowed';
}
