import { readFile } from 'node:fs/promises';
import { readBooks } from '../../test/books.ts';
import { breachesIn } from '../../test/breaches.ts';
import type { OrderAnswer, TopUpAnswer } from '../../test/history.ts';
import type { SetUp } from './set-up.ts';

export interface BooksReport {
  orders: number;
  letters: number;
  /** One line each. */
  breaches: string[];
}

/**
 * Compares money, orders, letters and mails of a system at rest with each other and with all that
 * customers were told.
 * @param historyFile answers as lines of JSON
 */
export async function checkBooks(
  setUp: SetUp,
  historyFile: string,
  topUps: TopUpAnswer[],
): Promise<BooksReport> {
  const books = await readBooks(setUp.places);
  const orders = await readHistory(historyFile);
  const told = orders.filter(({ status }) => status !== 0).length;
  const breaches = breachesIn(books, { orders, topUps });
  if (books.orders.length < told) {
    breaches.push(`${told} answers tell of orders, but there are ${books.orders.length}`);
  }
  return { orders: books.orders.length, letters: books.letters.length, breaches };
}

async function readHistory(file: string): Promise<OrderAnswer[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as OrderAnswer);
}
