// How many columns of a terminal a text takes (Unicode Standard Annex 11).

// Every character takes one column: Latin, Greek and Cyrillic letters, digits, common signs.
const NARROW =
  /^[\u0020-\u007e\u00a0-\u02ff\u0370-\u0482\u048a-\u0513\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u21ff]*$/;
// Half-width forms of the same scripts are narrow.
const WIDE =
  /^[[\p{Emoji_Presentation}\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Bopo}\p{sc=Yiii}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]--[\uff61-\uffdc]]/v;
/** Makes an emoji of the character before it. */
const EMOJI_STYLE = '\ufe0f';
const ELLIPSIS = '…';

const graphemesOf = (text: string): string[] =>
  Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);

const graphemeWidth = (grapheme: string): number =>
  WIDE.test(grapheme) || grapheme.includes(EMOJI_STYLE) ? 2 : 1;

/** The columns of a text without control characters. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  return graphemesOf(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

/** The text in at most so many columns; one that is longer ends with an ellipsis. */
export function cutTo(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  return `${headOf(text, columns - 1).trimEnd()}${ELLIPSIS}`;
}

/** The longest beginning that takes at most so many columns. */
function headOf(text: string, columns: number): string {
  let head = '';
  let width = 0;
  for (const grapheme of graphemesOf(text)) {
    width += graphemeWidth(grapheme);
    if (width > columns) break;
    head += grapheme;
  }
  return head;
}

/** Breaks a text into lines of at most so many columns, between words where it can. */
export function wrapTo(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > columns) {
      lines.push(line);
      line = '';
    }
    while (displayWidth(word) > columns) {
      // At least one character, however narrow the terminal is.
      const head = headOf(word, columns) || (graphemesOf(word)[0] as string);
      lines.push(head);
      word = word.slice(head.length);
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
