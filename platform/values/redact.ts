const REDACTED = '…';
// Shorter ones are part of too many words that are not about the person.
const LENGTH_MIN = 3;

/** A text without the given addresses and names, in capital or small letters alike. */
export function redact(text: string, traces: readonly string[]): string {
  // The longest first: an address may contain a name.
  const known = traces.filter(({ length }) => length >= LENGTH_MIN).sort(byLength);
  if (known.length === 0) return text;
  return text.replace(new RegExp(known.map(RegExp.escape).join('|'), 'giu'), REDACTED);
}

/** Whether a text repeats one of the addresses or names. */
export function repeats(text: string, traces: readonly string[]): boolean {
  return redact(text, traces) !== text;
}

function byLength(one: string, other: string): number {
  return other.length - one.length;
}
