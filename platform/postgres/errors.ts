import pg from 'pg';
import { AppError, commonProblems } from '../errors.ts';

/** True when the server answered the statement with an error, so the connection still works. */
export function isStatementError(error: unknown): error is pg.DatabaseError {
  const severity = error instanceof pg.DatabaseError ? error.severity : undefined;
  return severity === 'ERROR';
}

/** SQLSTATE of a server error, also of a wrapped one, else undefined. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof AppError) return sqlState(error.cause);
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Makes callers answer 503 and retry, however the driver names the fault. */
export function unavailableIfTransient(error: unknown): unknown {
  if (error instanceof AppError || !isTransient(error)) return error;
  return new AppError(commonProblems.unavailable, 'database unavailable', { cause: error });
}

const DEFECTS = [TypeError, RangeError, ReferenceError, SyntaxError];

/**
 * True for faults that a retry can cure: connection loss, time-outs, deadlock, serialization,
 * shutdown. False for faults that the statement's content causes.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof AppError) return error.problem.kind === 'unavailable';
  const state = sqlState(error);
  // The driver's own errors (no connection, time-out) carry no SQLSTATE; ours are defects.
  if (state === undefined) return !DEFECTS.some((defect) => error instanceof defect);
  // 08 connection, 40 rollback, 53 resources, 55 lock, 57 operator intervention, 58 system
  return ['08', '40', '53', '55', '57', '58'].includes(state.slice(0, 2));
}

/**
 * True when a single row may have failed a statement for many rows: by its content, or by a lock
 * that another transaction holds. False when the database was unreachable or overloaded.
 */
export function isRowFault(error: unknown): boolean {
  const state = sqlState(error);
  // 40 rollback (deadlock) and 55 lock are transient, but concern a single row.
  return state === undefined ? !isTransient(error) : !/^(08|53|57|58)/.test(state);
}

/** True when the database refuses a row for its content: a poison message. */
export function isContentRefusal(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && (state.startsWith('22') || state.startsWith('23'));
}
