export type Percentiles = ReturnType<typeof percentilesOf>;

/**
 * Percentiles by nearest rank: each is a time that was measured, the smallest that so many of all
 * do not exceed.
 * @returns NaN for all of them where nothing was measured
 */
export function percentilesOf(samples: number[] | Float64Array) {
  const sorted = Float64Array.from(samples).sort();
  const at = (share: number) =>
    sorted.length === 0 ? Number.NaN : (sorted[rankOf(share, sorted.length)] as number);
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

// In thousandths: 0.999 × 1000 is 999.0000000000001 in a double for some lengths.
function rankOf(share: number, count: number): number {
  return Math.max(0, Math.ceil((Math.round(share * 1_000) * count) / 1_000) - 1);
}

/** The middle of some figures, the mean of both where two are in the middle. */
export function medianOf(figures: number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
