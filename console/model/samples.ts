/** One measurement of a figure; null where it is unknown. */
export interface Sample {
  /** Milliseconds since the epoch. */
  at: number;
  value: number | null;
}

/** The time span of the charts. */
export const SPAN_MS = 60 * 60_000;
// Samples this far apart are not joined, because the values between them are unknown. The services
// record one every ten seconds.
const GAP_MS = 25_000;

/** Adds a sample and drops those beyond the span; the same reading twice adds nothing. */
export function withSample(samples: Sample[], sample: Sample): Sample[] {
  if (samples.at(-1)?.at === sample.at) return samples;
  return [...samples.filter(({ at }) => at > sample.at - SPAN_MS), sample];
}

/** What the services recorded, then what this page has read since. */
export function joined(recorded: Sample[], live: Sample[]): Sample[] {
  const end = live.at(-1)?.at ?? recorded.at(-1)?.at ?? 0;
  const until = recorded.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  const all = [...recorded, ...live.filter(({ at }) => at > until)];
  return all.filter(({ at }) => at > end - SPAN_MS);
}

/** The least, the greatest and the latest known value; null where none is known. */
export function rangeOf(samples: Sample[]): { min: number; max: number; last: number } | null {
  const values = samples.flatMap(({ value }) => value ?? []);
  const last = values.at(-1);
  if (last === undefined) return null;
  return { min: Math.min(...values), max: Math.max(...values), last };
}

/**
 * The samples as lines of an SVG drawing, whose right edge is the latest sample and whose left edge
 * is `SPAN_MS` before; zero is at the bottom and the greatest value at the top.
 * @returns `d` of one path for each stretch without a gap
 */
export function linesOf(samples: Sample[], size: { width: number; height: number }): string[] {
  const end = samples.at(-1)?.at ?? 0;
  const max = rangeOf(samples)?.max || 1;
  const xOf = (at: number) => round(size.width * (1 - (end - at) / SPAN_MS));
  const yOf = (value: number) => round(size.height * (1 - value / max));
  const lines: string[] = [];
  let before: number | null = null;
  for (const { at, value } of samples) {
    if (value !== null) {
      const point = `${xOf(at)} ${yOf(value)}`;
      if (before === null || at - before > GAP_MS) lines.push(`M${point}`);
      else lines.push(`${lines.pop()}L${point}`);
    }
    before = value === null ? null : at;
  }
  return lines;
}

const round = (value: number) => Math.round(value * 100) / 100;
