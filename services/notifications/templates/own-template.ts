import Mustache from 'mustache';
import { escapeHtml } from '#platform/values/html.ts';
import { plainLine } from '../letter/format.ts';
import type { LetterFacts } from '../letter/letter-facts.ts';
import { letterValuesOf } from '../letter/letter-values.ts';
import { unsafeIn } from './unsafe-places.ts';

/** Variables of a template, and those of each item. */
const VARIABLES = [
  ...['customer', 'order', 'total', 'moment', 'orderUrl', 'againUrl', 'more'],
  ...['paid', 'declined', 'late', 'hasItems', 'items'],
];
const ITEM_VARIABLES = ['name', 'quantity', 'price', 'sum'];

/** The forms of a letter; each is a file of a template. */
export type Form = 'subject.txt' | 'text.txt' | 'html';
export const FORMS: readonly Form[] = ['subject.txt', 'text.txt', 'html'];

/** A parsed file of a template. */
export type ParsedFile = (facts: LetterFacts) => string;

/** Mustache's tokens: type, value, beginning, end, and of a section the tokens in it. */
type Token = [type: string, value: string, start: number, end: number, inner?: Token[] | string];

const writer = new Mustache.Writer();

/**
 * Reads one file of a template. Every variable is escaped: as HTML there, and as a single line of
 * plain text in the other forms.
 * @returns also the faults, each with its line
 */
export function parseFile(source: string, form: Form): { render: ParsedFile; faults: string[] } {
  const lineOf = (position: number) => source.slice(0, position).split('\n').length;
  let tokens: Token[];
  try {
    tokens = Mustache.parse(source) as Token[];
  } catch (error) {
    const { message } = error as Error;
    const [, what = message, position = '0'] = /^(.*) at (\d+)$/s.exec(message) ?? [];
    return { render: () => '', faults: [`${lineOf(Number(position))}: ${what}`] };
  }
  const faults = faultsIn(tokens, VARIABLES, lineOf);
  if (form === 'html') faults.push(...unsafeIn(source, lineOf));
  if (form === 'subject.txt' && source.trim().includes('\n')) {
    faults.push('2: a subject is one line');
  }
  if (source.trim() === '') faults.push('1: the file is empty');
  const escapeValue = form === 'html' ? escapeHtml : (text: string) => text;
  return { render: (facts) => render(tokens, source, viewOf(facts), escapeValue), faults };
}

function render(
  tokens: Token[],
  source: string,
  view: object,
  escapeValue: (text: string) => string,
) {
  const context = new Mustache.Context(view);
  const config = { escape: (value: unknown) => escapeValue(String(value)) };
  return writer.renderTokens(tokens as string[][], context, undefined, source, config);
}

/** Faults of tags. Without partials and other delimiters a file can be judged alone. */
function faultsIn(
  tokens: Token[],
  known: readonly string[],
  lineOf: (position: number) => number,
): string[] {
  return tokens.flatMap(([type, name, start, , inner]) => {
    const line = lineOf(start);
    if (type === 'text' || type === '!') return [];
    if (type === '&') {
      return [`${line}: {{{${name}}}} and {{&${name}}} are not escaped; write {{${name}}}`];
    }
    if (type === '>') return [`${line}: partials such as {{>${name}}} are not supported`];
    if (type === '=') return [`${line}: other delimiters are not supported`];
    const faults = known.includes(name)
      ? []
      : [`${line}: there is no {{${name}}}; there are ${known.join(', ')}`];
    if (!Array.isArray(inner)) return faults;
    const within = name === 'items' ? [...known, ...ITEM_VARIABLES] : known;
    return [...faults, ...faultsIn(inner, within, lineOf)];
  });
}

/** The variables. Texts are plain lines, so none of them can begin a header or a line. */
function viewOf(facts: LetterFacts): object {
  const { name, order, more, items, orderUrl, againUrl, ...values } = letterValuesOf(facts);
  return {
    ...values,
    customer: name,
    order,
    items,
    hasItems: items.length > 0,
    more: more > 0 && more,
    orderUrl: orderUrl ?? '',
    againUrl: againUrl ?? '',
    paid: facts.kind === 'happiness',
    declined: facts.reason === 'insufficient-funds',
    late: facts.reason === 'voided',
  };
}

/** A subject as one line, whatever its file has around it. */
export const subjectOf = (text: string): string => plainLine(text);
