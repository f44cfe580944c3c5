import { readFile } from 'node:fs/promises';
import { readBooks } from '#harness/books/books.ts';
import { breachesIn } from '#harness/books/breaches.ts';
import type { OrderAnswer, TopUpAnswer } from '#harness/books/history.ts';
import { queryRows } from '#harness/database.ts';
import type { SetUp } from '../set-ups/set-up.ts';
import { LAST_PAST_ID } from '../stored-data/past-orders.ts';
import { answerBreaches, letterBreaches, mailBreaches, moneyBreaches } from './books-sums.ts';

export interface BooksReport {
  /** Whose. */
  name: string;
  orders: number;
  /** How they were compared. */
  how: string;
  /** One line each. */
  breaches: string[];
}

export interface BooksOptions {
  name: string;
  /** Answers as lines of JSON. */
  historyFile: string;
  topUps: TopUpAnswer[];
  /** How far letters must have come; `none` where the set-up makes none. */
  letters: 'sent' | 'stored' | 'none';
}

// With their letters and mails about 20 KB each in memory.
const ROW_BY_ROW_MAX = 50_000;

/**
 * Compares money, orders, letters and mails of a system at rest with each other and with all that
 * customers were told: row by row as `npm run prove` does, or by sums where there are too many.
 */
export async function checkBooks(setUp: SetUp, options: BooksOptions): Promise<BooksReport> {
  const { places } = setUp;
  const { name, historyFile, topUps, letters } = options;
  const [row] = await queryRows(
    places.databaseUrl('orders'),
    'select count(*) as n, count(*) filter (where id <= $1) as past from orders',
    [LAST_PAST_ID],
  );
  const orders = Number(row?.n);
  const answers = await readHistory(historyFile);
  // No mail came for the past.
  if (letters === 'sent' && row?.past === '0' && orders <= ROW_BY_ROW_MAX) {
    const breaches = breachesIn(await readBooks(places), { orders: answers, topUps });
    return { name, orders, how: 'row by row', breaches };
  }
  const breaches = [
    ...(await moneyBreaches(places)),
    ...(await answerBreaches(places, answers)),
    ...(letters === 'none' ? [] : await letterBreaches(places)),
    ...(letters === 'sent' ? await mailBreaches(setUp) : []),
  ];
  return { name, orders, how: `by sums, letters ${letters}`, breaches };
}

async function readHistory(file: string): Promise<OrderAnswer[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as OrderAnswer);
}
