import type { Static } from 'typebox';
import type { Shortage } from '#contracts/billing.ts';
import type { Problem as ProblemSchema, PublicOrder } from '#contracts/gateway.ts';

/** A problem document; the 406 of an order adds what the wallet lacked. */
export type Problem = Omit<Static<typeof ProblemSchema>, 'order'> &
  Partial<Shortage> & { order?: PublicOrder | null };
