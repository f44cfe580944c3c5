const HEADER = 'idempotent-replayed';

/** Headers of an answer that repeats a stored result: the request was done before. */
export const REPLAYED: Readonly<Record<string, string>> = { [HEADER]: 'true' };

/**
 * Whether the callee says that an earlier request was done. Not after a repetition of our own: the
 * lost attempt may have been the one that did it.
 */
export function isReplay(answer: object): boolean {
  const { headers = {}, attempts = 1 } = answer as {
    headers?: Record<string, string>;
    attempts?: number;
  };
  return attempts === 1 && headers[HEADER] === 'true';
}
