import { type AmountViolation, parseAmount } from '#contracts/amounts.ts';

/** The filters of lists, as the address holds them: amounts and days as people type them. */
export const FILTER_NAMES = [
  'status',
  'acknowledged',
  'kind',
  'failure',
  'reason',
  'type',
  'locale',
  'confirmed',
  'customer',
  'from',
  'until',
  'min',
  'max',
] as const;
export type FilterName = (typeof FILTER_NAMES)[number];
export type FilterValues = Partial<Record<FilterName, string>>;

/** `range`: the list ends before it begins. */
export interface FilterViolations {
  min?: AmountViolation;
  max?: AmountViolation | 'range';
  until?: 'range';
}

/** What a filter is called in the API, where its name is another one. */
const API_NAMES: FilterValues = { customer: 'customerId', min: 'minAmount', max: 'maxAmount' };

/** The filters that a list has and the address names. */
export function filtersIn(
  address: Record<string, string>,
  names: readonly FilterName[],
): FilterValues {
  const entries = names.map((name) => [name, address[name]?.trim()] as const);
  return Object.fromEntries(entries.filter(([, value]) => value)) as FilterValues;
}

/**
 * The filters as the API takes them. Days are those of this person, and `until` is a day that the
 * list includes.
 * @returns `violations`: a list with any is not read
 */
export function queryOf(
  values: FilterValues,
  currency: string,
): { query: Record<string, string>; violations: FilterViolations } {
  const query: Record<string, string> = {};
  const violations: FilterViolations = {};
  for (const [key, text] of Object.entries(values)) {
    const name = key as FilterName;
    const apiName = API_NAMES[name] ?? name;
    if (name === 'min' || name === 'max') {
      const amount = parseAmount(text, currency);
      if (typeof amount === 'number') query[apiName] = String(amount);
      else violations[name] = amount;
    } else if (name === 'from' || name === 'until') {
      const moment = startOfDay(text, name === 'from' ? 0 : 1);
      if (moment !== null) query[apiName] = moment;
    } else {
      query[apiName] = text;
    }
  }
  const { minAmount, maxAmount, from, until } = query;
  if (minAmount && maxAmount && Number(minAmount) > Number(maxAmount)) violations.max = 'range';
  // Both are ISO 8601 in UTC, which sorts by time.
  if (from && until && from >= until) violations.until = 'range';
  return { query, violations };
}

/**
 * The start of a local day.
 * @param after how many days later
 * @returns null for a text that is no day, which no field of the form can hold
 */
function startOfDay(day: string, after: number): string | null {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day) ?? [];
  if (year === undefined) return null;
  const moment = new Date(Number(year), Number(month) - 1, Number(date));
  // 31 February would be a day in March, and the field of the form would be empty.
  if (moment.getMonth() !== Number(month) - 1 || moment.getDate() !== Number(date)) return null;
  moment.setDate(moment.getDate() + after);
  return moment.toISOString();
}
