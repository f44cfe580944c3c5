import { readBodyText } from './body-text.ts';

// Of one mail; ours have some KB.
const CHARACTERS_MAX = 8_192;
// More than a search reads, so that the next one decodes nothing again.
const REMEMBERED_MAX = 2_000;

/** SQLite itself folds ASCII only. */
export function foldCase(text: string): string {
  return text.toLowerCase();
}

/**
 * Looks for a text in the bodies of mails. A decoded body is remembered: a page of the console
 * repeats its search every two seconds.
 */
export function createBodySearch(
  read: (id: number) => Uint8Array | undefined,
): (id: number, wanted: string) => boolean {
  const bodies = new Map<number, string>();

  function bodyOf(id: number): string {
    const known = bodies.get(id);
    if (known !== undefined) return known;
    const raw = read(id);
    const text = raw === undefined ? '' : readBodyText(Buffer.from(raw), CHARACTERS_MAX);
    bodies.set(id, foldCase(text));
    const [oldest] = bodies.keys();
    if (bodies.size > REMEMBERED_MAX && oldest !== undefined) bodies.delete(oldest);
    return bodies.get(id) ?? '';
  }

  return (id, wanted) => bodyOf(id).includes(wanted);
}
