import { AppError, commonProblems, type ViolationPlace } from '../errors.ts';
import { isTimeZone } from '../values/time-zone.ts';

/** @throws AppError `invalid-request` that names a time zone which this machine does not know */
export function refuseUnknownTimeZone(timeZone: string | undefined, place: ViolationPlace): void {
  if (timeZone === undefined || isTimeZone(timeZone)) return;
  throw new AppError(commonProblems.invalidRequest, `no time zone ${timeZone}`, {
    violations: [{ ...place, rule: 'time-zone', expected: timeZone }],
  });
}
