import type { Reconciliation } from '#harness/oracle/oracle.ts';
import type { Target } from './targets.ts';

/** What a measurement of its own came to. */
export interface ExperimentResult {
  name: string;
  /** For people. */
  lines: string[];
  targets: Target[];
  books: Reconciliation[];
  /** For the file. */
  figures: unknown;
}

export interface ExperimentOptions {
  /** Rows, orders or events. */
  count: number;
  rounds: number;
  /** Of each load. */
  seconds: number;
}

export const EXPERIMENT_CONNECTIONS = 64;
