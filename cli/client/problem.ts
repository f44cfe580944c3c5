import type { ProblemBody } from '#contracts/answers.ts';
import type { Shortage } from '#contracts/billing.ts';
import type { PublicOrder } from '#contracts/gateway.ts';

/** A problem document; the 406 of an order adds the shortage. */
export type Problem = ProblemBody & Partial<Shortage> & { order?: PublicOrder | null };
