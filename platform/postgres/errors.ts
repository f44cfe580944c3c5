import pg from 'pg';
import { AppError, commonProblems } from '../errors.ts';

// 08 connection, 28 sign-in, 3D database, 53300 too many connections, 57P0x shutdown; 25P03 and
// 25P04 end a session for its idle or long transaction.
const ENDS_CONNECTION = /^(08|28|3D|53300|57P0|25P03|25P04)/;
// Prepared statements that the driver knows and the server does not, or the reverse: a pooler
// that does not track them has changed the server connection.
const LOST_STATEMENTS = /^(26000|42P05)/;

/**
 * True when a connection must not be used again: it is closed, or its next statement would fail in
 * the same way. False when only the statement failed. By SQLSTATE, as the server translates the
 * severity into its own language.
 */
export function isConnectionFault(error: unknown): boolean {
  // Not the server's: a lost connection, a time-out, or code of ours with statements under way.
  if (!(error instanceof pg.DatabaseError)) return true;
  return ENDS_CONNECTION.test(error.code ?? '') || isConnectionCured(error);
}

/** True when a statement needs the primary and met a standby or a demoted server. */
export const isReadOnly = (error: unknown): boolean => sqlState(error) === '25006';

/** A prepared statement whose columns a migration changed: "cached plan must not change …". */
function isOutdatedPlan(error: unknown): boolean {
  if (error instanceof AppError) return isOutdatedPlan(error.cause);
  return (
    error instanceof pg.DatabaseError &&
    error.code === '0A000' &&
    error.routine === 'RevalidateCachedQuery'
  );
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
  return (
    ['08', '40', '53', '55', '57', '58'].includes(state.slice(0, 2)) || isConnectionCured(error)
  );
}

/** True for faults that another connection does not have. */
function isConnectionCured(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  return (
    isReadOnly(error) ||
    isOutdatedPlan(error) ||
    LOST_STATEMENTS.test(state) ||
    /^25P0[34]$/.test(state)
  );
}

/**
 * True when a single row may have failed a statement for many rows: by its content, or by a lock
 * that another transaction holds. False when the database was unreachable or overloaded.
 */
export function isRowFault(error: unknown): boolean {
  const state = sqlState(error);
  // 40 rollback (deadlock) and 55 lock are transient, but concern a single row.
  if (state === undefined) return !isTransient(error);
  return !/^(08|53|57|58)/.test(state) && !isConnectionCured(error);
}

/** True when the database refuses a row for its content: a poison message. */
export function isContentRefusal(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && (state.startsWith('22') || state.startsWith('23'));
}
