const REDACTED = '…';
// A shorter one is part of too many words that are not about the person: it must be a whole word.
const PART_LENGTH_MIN = 3;

/** A text without the given addresses and names, in capital or small letters alike. */
export function redact(text: string, traces: readonly string[]): string {
  // The longest first: an address may contain a name.
  const known = traces.filter((trace) => trace !== '').sort(byLength);
  if (known.length === 0) return text;
  return text.replace(new RegExp(known.map(patternOf).join('|'), 'giu'), REDACTED);
}

function patternOf(trace: string): string {
  const pattern = RegExp.escape(trace);
  if (trace.length >= PART_LENGTH_MIN) return pattern;
  return `(?<![\\p{L}\\p{N}])${pattern}(?![\\p{L}\\p{N}])`;
}

function byLength(one: string, other: string): number {
  return other.length - one.length;
}
