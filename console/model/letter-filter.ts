import { parseAmount } from '#contracts/amounts.ts';

/** The filters of the operator's letters, as the address and the form hold them; '' is no filter. */
export interface LetterFilter {
  state: (typeof LETTER_STATES)[number];
  /** Of failed letters: whether an operator acknowledged them. */
  acknowledged: '' | 'no' | 'yes';
  kind: '' | 'happiness' | 'grief';
  failure: string;
  /** Days such as `2026-11-29`, both included, in this person's time zone. */
  from: string;
  until: string;
  /** Amounts as typed. */
  min: string;
  max: string;
  customer: string;
}

// The state that needs a person comes first.
export const LETTER_STATES = ['failed', 'queued', 'sending', 'sent', 'all'] as const;

const CHOICES = {
  state: LETTER_STATES,
  acknowledged: ['', 'no', 'yes'],
  kind: ['', 'happiness', 'grief'],
} as const;

export const NO_LETTER_FILTER: LetterFilter = {
  state: 'failed',
  acknowledged: '',
  kind: '',
  failure: '',
  from: '',
  until: '',
  min: '',
  max: '',
  customer: '',
};

/** The filter that an address names; a word that it does not know counts as absent. */
export function letterFilterIn(query: Record<string, string>): LetterFilter {
  const named = Object.keys(NO_LETTER_FILTER).flatMap((name) => {
    const value = query[name];
    const choices: readonly string[] | undefined = CHOICES[name as keyof typeof CHOICES];
    return value === undefined || choices?.includes(value) === false ? [] : [[name, value]];
  });
  return { ...NO_LETTER_FILTER, ...Object.fromEntries(named) };
}

/** The same as the query of an address, without what is the default. */
export function letterAddressOf(filter: LetterFilter): Record<string, string> {
  const entries = Object.entries(filter).map(([name, value]) => [name, value.trim()] as const);
  return Object.fromEntries(
    entries.filter(([name, value]) => value !== NO_LETTER_FILTER[name as keyof LetterFilter]),
  );
}

/** The same as the query of the API. What cannot be read is left out; the form names it. */
export function letterQueryOf(
  filter: LetterFilter,
  currency: string,
): Record<string, string | number | undefined> {
  const { state, acknowledged, kind, failure, customer } = filter;
  const amount = (text: string) => {
    const value = parseAmount(text, currency, 0);
    return typeof value === 'number' ? value : undefined;
  };
  return {
    state: state === 'all' ? undefined : state,
    // Only failed letters are acknowledged.
    acknowledged:
      state !== 'failed' || acknowledged === '' ? undefined : String(acknowledged === 'yes'),
    kind: kind || undefined,
    failure: failure.trim() || undefined,
    from: startOfDay(filter.from, 0),
    until: startOfDay(filter.until, 1),
    minAmount: amount(filter.min),
    maxAmount: amount(filter.max),
    customerId: customer.trim() || undefined,
  };
}

/** The first moment of a local day, or of a later one. */
function startOfDay(day: string, later: number): string | undefined {
  const [year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day)?.slice(1).map(Number) ?? [];
  if (year === undefined || month === undefined || date === undefined) return undefined;
  // A day of a clock change is not 24 hours long.
  return new Date(year, month - 1, date + later).toISOString();
}
