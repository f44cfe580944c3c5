/** A stream of numbers that a seed determines: the same seed, the same faults. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** @throws Error when there is nothing to pick from */
  pick<T>(all: readonly T[]): T;
  /** One of these by its weight; undefined for the rest of the total. */
  weighted<T extends { weight: number }>(all: T[], total: number): T | undefined;
  /** A stream of its own, so that what draws from one does not shift another. */
  fork(name: string): Random;
}

/** Generator sfc32 of PractRand, started from a hash (FNV-1a) of the seed's text. */
export function createRandom(seed: string): Random {
  let a = hash(`${seed} a`);
  let b = hash(`${seed} b`);
  let c = hash(`${seed} c`);
  let counter = 1;
  function next(): number {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }
  // The first numbers of similar seeds are similar.
  for (let round = 0; round < 12; round++) next();
  return {
    next,
    between: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: (probability) => next() < probability,
    pick(all) {
      if (all.length === 0) throw new Error('nothing to pick from');
      return all[Math.floor(next() * all.length)] as (typeof all)[number];
    },
    weighted(all, total) {
      let dice = next() * total;
      return all.find(({ weight }) => {
        dice -= weight;
        return dice < 0;
      });
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value | 0;
}
