import type { BooksReport } from '../books/books.ts';
import type { Target } from './targets.ts';

/** What a measurement of its own came to. */
export interface Finding {
  name: string;
  /** For people. */
  lines: string[];
  targets: Target[];
  books: BooksReport[];
  /** For the file. */
  figures: unknown;
}

export interface FindingOptions {
  /** Rows, orders or events. */
  count: number;
  rounds: number;
  /** Of each load. */
  seconds: number;
}

export const FINDING_CONNECTIONS = 64;
