import { type TSchema, Type } from 'typebox';
import { FORMAT } from '../common.ts';
import type { DeclaredProblem, Operation } from '../operation.ts';
import { type HeaderName, headerReferences, headersOfProblem } from './headers.ts';
import { isForOperators, isPublic, problemsOf } from './problems.ts';
import type { Components } from './schemas.ts';

/** Members that a problem document has beyond those of every problem, by its code. */
export type ProblemMembers = Record<string, Record<string, TSchema>>;

const Reference = (description: string) => Type.String({ [FORMAT]: 'uri-reference', description });

const Violation = Type.Object({
  pointer: Type.Optional(
    Type.String({
      description:
        'JSON pointer into the body; at the public API as a URI fragment, `#/items/0` (RFC 6901).',
    }),
  ),
  parameter: Type.Optional(Type.String({ description: 'Query, path or header parameter.' })),
  rule: Type.String({ description: 'The rule that is broken, a JSON Schema keyword or our own.' }),
  expected: Type.Optional(Type.String({ description: 'What the rule demands.' })),
  detail: Type.String({ description: "What is wrong, in the reader's language." }),
});

/** The problem document of every error (RFC 9457). */
export function problemSchema(codes: string[]): TSchema {
  return Type.Object({
    type: Reference(
      'Names the kind of problem. At the public API the page about it, relative to the request.',
    ),
    title: Type.String({ description: "The kind of problem, in the reader's language." }),
    status: Type.Integer({ description: 'The status of the answer.' }),
    detail: Type.String({ description: "What happened and what to do, in the reader's language." }),
    instance: Reference('Path of the request, without its query.'),
    code: Type.String({
      enum: codes,
      description: 'Identifies the problem for programs. Treat an unknown one by its status.',
    }),
    errors: Type.Optional(
      Type.Array(Violation, { description: 'The faults of the input, up to 100.' }),
    ),
    traceId: Type.String({ description: 'The trace of the request, as in logs.' }),
    retryable: Type.Boolean({ description: 'Whether the same request may succeed later.' }),
  });
}

/** Answers that several operations share, by the name of their component. */
export interface SharedAnswers {
  refer(name: string, answer: object, operationId: string): { $ref: string };
  all(): Record<string, object>;
}

export function createSharedAnswers(): SharedAnswers {
  const answers = new Map<string, object>();
  return {
    refer(name, answer, operationId) {
      const known = answers.get(name);
      const isOther = known !== undefined && JSON.stringify(known) !== JSON.stringify(answer);
      const key = isOther ? `${name}Of${capital(operationId)}` : name;
      answers.set(key, answer);
      return { $ref: `#/components/responses/${key}` };
    },
    all: () => Object.fromEntries([...answers].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
const nameOf = (code: string) => code.split('-').map(capital).join('');

export interface ProblemContext {
  components: Components;
  answers: SharedAnswers;
  members: ProblemMembers;
  problem: TSchema;
  useHeaders(keys: readonly HeaderName[]): void;
  /** The example of a member of a problem. */
  exampleOf(code: string, member: string, schema: TSchema): unknown;
}

/** The answers of an operation that are problems, by status. */
export function problemAnswersOf(
  operation: Operation,
  context: ProblemContext,
): Record<string, unknown> {
  const entries = [...problemsOf(operation)].map(([status, problems]) => {
    const isFinal = problems.some(({ code }) => 'order' in (context.members[code] ?? {}));
    const forScope = status === 403 && isPublic(operation) && isForOperators(operation);
    const headers = headersOfProblem(status, operation, { isFinal, forScope });
    context.useHeaders(headers);
    const answer = {
      description: problems.map(({ code, en }) => `\`${code}\`: ${en.title}.`).join(' '),
      headers: headerReferences(headers),
      content: {
        'application/problem+json': problemContentOf(operation, status, problems, context),
      },
    };
    const suffix = [
      headers.includes('IdempotencyKey') ? 'WithKey' : '',
      headers.includes('Location') ? 'AndLocation' : '',
      forScope ? 'ForOperators' : '',
    ].join('');
    const name = problems.map(({ code }) => nameOf(code)).join('Or') + suffix;
    return [status, context.answers.refer(name, answer, operation.operationId)];
  });
  return Object.fromEntries(entries);
}

function problemContentOf(
  operation: Operation,
  status: number,
  problems: DeclaredProblem[],
  context: ProblemContext,
) {
  const { components } = context;
  const codes = problems.map(({ code }) => code);
  const members = Object.assign({}, ...codes.map((code) => context.members[code] ?? {}));
  // A member that only one of several codes has is optional.
  const isShared = (name: string) => codes.every((code) => name in (context.members[code] ?? {}));
  const extension = Type.Object({
    code: Type.String({ enum: codes }),
    ...Object.fromEntries(
      Object.entries<TSchema>(members).map(([name, schema]) => [
        name,
        isShared(name) ? schema : Type.Optional(schema),
      ]),
    ),
  });
  return {
    schema: {
      allOf: [
        components.publish(context.problem, 'answer'),
        components.publish(extension, 'answer'),
      ],
    },
    examples: Object.fromEntries(
      problems.map((problem) => [
        problem.code,
        { summary: problem.en.title, value: problemExampleOf(operation, status, problem, context) },
      ]),
    ),
  };
}

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const invalid = (pointer: string) => ({
  pointer,
  rule: 'minimum',
  expected: '1',
  detail: 'at least 1',
});

/** Services inside name a problem by a URN: only the gateway has pages about problems. */
function problemExampleOf(
  operation: Operation,
  status: number,
  { code, en }: DeclaredProblem,
  { members, exampleOf }: ProblemContext,
): object {
  const pointer = '/items/0/quantity';
  return {
    type: isPublic(operation) ? `/problems/${code}` : `urn:orderbell:problem:${code}`,
    title: en.title,
    status,
    detail: en.detail,
    instance: isPublic(operation) ? '/v1/orders' : '/orders',
    code,
    ...(code === 'invalid-request' && {
      errors: [invalid(isPublic(operation) ? `#${pointer}` : pointer)],
    }),
    traceId: TRACE_ID,
    retryable: status === 429 || status === 503,
    ...Object.fromEntries(
      Object.entries(members[code] ?? {}).map(([name, schema]) => [
        name,
        exampleOf(code, name, schema),
      ]),
    ),
  };
}
