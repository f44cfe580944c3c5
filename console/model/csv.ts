import type { Money } from '#contracts/common.ts';
import { minorUnitDigits } from '#contracts/currency.ts';

/** A value of a table, as a spreadsheet gets it. */
export type CsvValue = string | number | null;

// Spreadsheets find the encoding by it.
const BYTE_ORDER_MARK = '\ufeff';
// A spreadsheet runs a cell as a formula by its first character (CWE-1236).
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** A table as CSV (RFC 4180), whose cells no spreadsheet runs as formulas. */
export function csvOf(header: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  const lines = [header, ...rows].map((cells) => cells.map(cellOf).join(','));
  return `${BYTE_ORDER_MARK}${lines.map((line) => `${line}\r\n`).join('')}`;
}

function cellOf(value: CsvValue): string {
  if (value === null) return '';
  const text = harmless(String(value));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
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
export function moneyCell({ amount, currency }: Money): string {
  return plainAmount(amount, minorUnitDigits(currency) ?? 0);
}
