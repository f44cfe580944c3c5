import type { Money } from '#contracts/common.ts';
import { minorUnitDigits } from '#contracts/currency.ts';
import type { Language } from './format.ts';

/** A value of a table, as a spreadsheet gets it. */
export type CsvValue = string | number | Decimal | null;

/** A number with a decimal point, as text, so that its last zeros stay. */
export interface Decimal {
  decimal: string;
}

// Spreadsheets find the encoding by it.
const BYTE_ORDER_MARK = '\ufeff';
// A spreadsheet runs a cell as a formula by its first character (CWE-1236).
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;

// In Russian the comma is the decimal sign: a Russian Excel opens a file with commas in one column.
const FORMATS = { en: { separator: ',', sign: '.' }, ru: { separator: ';', sign: ',' } };

/**
 * A table as CSV (RFC 4180) for spreadsheets of this language. No cell is run as a formula. In Russian
 * a semicolon separates the cells.
 */
export function csvOf(
  header: readonly string[],
  rows: readonly (readonly CsvValue[])[],
  language: Language,
): string {
  const { separator, sign } = FORMATS[language];
  const cellOf = (value: CsvValue) => {
    if (value === null) return '';
    if (typeof value === 'object') return value.decimal.replace('.', sign);
    const text = harmless(String(value));
    return text.includes(separator) || /["\r\n]/.test(text)
      ? `"${text.replaceAll('"', '""')}"`
      : text;
  };
  const lines = [header, ...rows].map((cells) => cells.map(cellOf).join(separator));
  return `${BYTE_ORDER_MARK}${lines.map((line) => `${line}\r\n`).join('')}`;
}

/** An apostrophe makes a text of it. A plain number stays one, so that it can be summed. */
function harmless(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

/** An amount in major units with a decimal point: `-1234.50`. */
export function plainAmount(amount: number, digits: number): string {
  const text = String(Math.abs(amount)).padStart(digits + 1, '0');
  const sign = amount < 0 ? '-' : '';
  if (digits === 0) return sign + text;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** The same for an amount of money, whose currency has a column of its own. */
export function moneyCell({ amount, currency }: Money): Decimal {
  return { decimal: plainAmount(amount, minorUnitDigits(currency) ?? 0) };
}
