import { AppError, commonProblems, type Violation, type ViolationPlace } from '../errors.ts';

// The format also accepts an offset without minutes, which RFC 3339 forbids.
const OFFSET = /(?:Z|[+-]\d{2}:\d{2})$/i;

/**
 * The moment that a member of a request names.
 * @param place where the client gave it
 * @throws AppError also for a leap second, which JavaScript cannot represent
 */
export function momentOf(text: string | undefined, place: ViolationPlace): Date | null {
  if (text === undefined) return null;
  const moment = new Date(text);
  if (!Number.isNaN(moment.getTime()) && OFFSET.test(text)) return moment;
  throw refusal(`no moment: ${text}`, { ...place, rule: 'format' });
}

/** The time within which the elements of a list were made: from `from`, before `until`. */
export interface TimeRange {
  from: Date | null;
  until: Date | null;
}

/** @throws AppError where no moment is within them */
export function timeRangeOf(query: {
  from?: string | undefined;
  until?: string | undefined;
}): TimeRange {
  const from = momentOf(query.from, { parameter: 'from' });
  const until = momentOf(query.until, { parameter: 'until' });
  if (from === null || until === null || from < until) return { from, until };
  const rule = { parameter: 'until', rule: 'later', expected: from.toISOString() };
  throw refusal(`until ${query.until} is not after from ${query.from}`, rule);
}

/** The size of amounts in minor units, both ends included. */
export interface AmountRange {
  minAmount: number | null;
  maxAmount: number | null;
}

/** @throws AppError where no amount is within them */
export function amountRangeOf(query: {
  minAmount?: number | undefined;
  maxAmount?: number | undefined;
}): AmountRange {
  const { minAmount = null, maxAmount = null } = query;
  if (minAmount === null || maxAmount === null || minAmount <= maxAmount) {
    return { minAmount, maxAmount };
  }
  const rule = { parameter: 'maxAmount', rule: 'minimum', expected: String(minAmount) };
  throw refusal(`maxAmount ${maxAmount} is below minAmount ${minAmount}`, rule);
}

function refusal(message: string, violation: Violation): AppError {
  return new AppError(commonProblems.invalidRequest, message, { violations: [violation] });
}
