const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text of somebody else within a sentence of ours. Its direction and its direction marks do not
 * reach the words around it, as in `<bdi>` (Unicode 9, section 2.5).
 */
export function isolated(text: string): string {
  return `\u2068${text.replace(DIRECTIONS, '')}\u2069`;
}
