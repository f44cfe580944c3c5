import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedDocument } from './api-document.ts';

/** An answer of an operation, as it is counted. */
export interface CountedAnswer {
  service: string;
  operationId: string;
  status: number;
  /** The problem's code; undefined for a success. */
  code: string | undefined;
}

/** How often each answer was seen, by `<service> <operationId> <status> [<code>]`. */
export type AnswerCounts = Map<string, number>;

const counts: AnswerCounts = new Map();

/** Counts an answer; the process writes its counts into the folder of TEST_EXCHANGES when it ends. */
export function countAnswer({ service, operationId, status, code }: CountedAnswer): void {
  if (counts.size === 0) process.once('exit', writeCounts);
  const name = [service, operationId, status, code].filter((word) => word !== undefined).join(' ');
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function writeCounts(): void {
  const { TEST_EXCHANGES: folder } = process.env;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify([...counts]));
}

/** The sum of what the processes of a run have written. */
export function readCounts(folder: string): AnswerCounts {
  const sum: AnswerCounts = new Map();
  // No test of the run had an exchange.
  if (!existsSync(folder)) return sum;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const written: [string, number][] = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    for (const [name, count] of written) sum.set(name, (sum.get(name) ?? 0) + count);
  }
  return sum;
}

export interface AnswerCoverage {
  exchanges: number;
  operations: number;
  /** Operations that never answered with success. */
  withoutSuccess: string[];
  /** Declared statuses that were never seen, by operation. */
  neverSeen: Map<string, string[]>;
}

/** Which of the declared answers of a service were seen. */
export function coverageOf(
  counts: AnswerCounts,
  { service, operations } = publishedDocument('gateway'),
): AnswerCoverage {
  const seen = new Set([...counts.keys()].map((name) => name.split(' ').slice(0, 3).join(' ')));
  const isSeen = (operationId: string, status: string) =>
    seen.has(`${service} ${operationId} ${status}`);
  const neverSeen = new Map<string, string[]>();
  const withoutSuccess: string[] = [];
  for (const { operationId, responses } of operations) {
    const statuses = [...responses.keys()];
    const successes = statuses.filter((status) => status.startsWith('2'));
    if (!successes.some((status) => isSeen(operationId, status))) withoutSuccess.push(operationId);
    const missing = statuses.filter((status) => !isSeen(operationId, status));
    if (missing.length > 0) neverSeen.set(operationId, missing);
  }
  const own = [...counts].filter(([name]) => name.startsWith(`${service} `));
  return {
    exchanges: own.reduce((sum, [, count]) => sum + count, 0),
    operations: operations.length,
    withoutSuccess,
    neverSeen,
  };
}
