import * as operations from '#contracts/gateway.ts';
import type { Operation } from '#contracts/operation.ts';
import * as operatorOperations from '#contracts/operator.ts';
import { commonProblems, type ProblemType } from '#platform/errors.ts';

/** By code. Words in backticks are parts of the API. */
export type ProblemTexts = Record<string, [means: string, program: string, person: string]>;

/** Every problem of the public API, by code: those of all operations, and those they declare. */
export function publicProblems(): ReadonlyMap<string, ProblemType> {
  const declared = [...Object.values(operations), ...Object.values(operatorOperations)]
    .filter((value) => typeof value === 'object' && 'operationId' in value)
    .flatMap((value) => ((value as unknown as Operation).problems ?? []) as ProblemType[]);
  const all = [...Object.values(commonProblems), ...declared];
  return new Map(all.map((problem) => [problem.code, problem]));
}
