// Lists as CSV (RFC 4180), for spreadsheets and programs.

export type CsvValue = string | number | boolean | null | undefined;

/** A column of a CSV file: its name, which stays the same in every language, and its value. */
export type CsvColumn<T> = [name: string, value: (item: T) => CsvValue];

const NUMBER = /^-?\d+(\.\d+)?$/;
// A spreadsheet computes a cell that begins so, and a name or an answer of a mail server can.
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** One cell. A text that a spreadsheet would take for a formula gets an apostrophe before it. */
export function csvCell(value: CsvValue): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The line of the columns' names. */
export function csvHead<T>(columns: CsvColumn<T>[]): string {
  return columns.map(([name]) => csvCell(name)).join(',');
}

/** The line of one item. */
export function csvLine<T>(columns: CsvColumn<T>[], item: T): string {
  return columns.map(([, value]) => csvCell(value(item))).join(',');
}
