const MARKS = /[\u202a-\u202e\u2066-\u2069]/g;
// Marks and letters from right to left: Hebrew, Arabic, and the scripts like them.
const TURNING =
  /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A text of somebody else within a sentence of ours. Its direction and its direction marks do not
 * reach the words around it, as in `<bdi>` (Unicode 9, section 2.5). Other texts stay as they are.
 */
export function isolated(text: string): string {
  return TURNING.test(text) ? `\u2068${text.replace(MARKS, '')}\u2069` : text;
}
