import type { TextKey } from '../texts/messages.ts';
import { styled } from './output.ts';
import type { Colour, Screen } from './screen.ts';
import { cutTo, displayWidth, wrapTo } from './width.ts';

/** A cell of a table: a text with an optional colour. */
export type Cell = string | { text: string; colour?: Colour };

/** One column of a list. */
export interface Column<T> {
  head: TextKey;
  cell: (screen: Screen, item: T) => Cell;
  right?: true;
  /**
   * What happens where the line is too short: `cut` shortens the text, `wide` leaves the column out,
   * `below` moves it to a line of its own. Other columns keep their width.
   */
  fit?: 'cut' | 'wide' | 'below';
}

interface Shown {
  text: string;
  colour?: Colour;
}

const GAP = 2;
/** A column that may be cut gets as much before other columns give way. */
const COMFORT = 16;
const CUT_MIN = 4;
const INDENT = '  ';

/** A table with a line of heads, in at most the width of the screen where its columns allow it. */
export function table<T>(screen: Screen, columns: Column<T>[], items: T[]): string {
  const heads = columns.map(({ head }) => screen.say(head));
  const rows = items.map((item) => columns.map(({ cell }) => shownOf(cell(screen, item))));
  const natural = columns.map((_, at) =>
    Math.max(
      displayWidth(heads[at] as string),
      ...rows.map((row) => displayWidth(textAt(row, at))),
    ),
  );
  const { line, below } = placeColumns(columns, natural, screen.width);
  const widths = shrink(columns, natural, line, screen.width);
  const write = (row: Shown[]) => lineOf(screen, columns, line, widths, row);
  const head = write(heads.map((text): Shown => ({ text, colour: 'bold' })));
  const lines = rows.flatMap((row) => [
    write(row),
    ...below.flatMap((at) => belowLines(screen, heads[at] as string, textAt(row, at))),
  ]);
  return [head, ...lines].join('\n');
}

/** As it is printed: escapes take space, and a cell is one line. */
function shownOf(cell: Cell): Shown {
  const { text, ...rest } = typeof cell === 'string' ? { text: cell } : cell;
  return { text: styled(text).replaceAll('\n', ' '), ...rest };
}

const textAt = (row: Shown[], at: number): string => row[at]?.text ?? '';

/** Which columns are on the line, and which below it. */
function placeColumns<T>(columns: Column<T>[], natural: number[], width: number) {
  let line = columns.map((_, at) => at);
  const below: number[] = [];
  const need = () =>
    line.reduce((sum, at) => {
      const full = natural[at] as number;
      return sum + GAP + (columns[at]?.fit === 'cut' ? Math.min(full, COMFORT) : full);
    }, -GAP);
  for (const fit of ['wide', 'below'] as const) {
    for (const at of line.toReversed()) {
      if (columns[at]?.fit !== fit || need() <= width) continue;
      line = line.filter((each) => each !== at);
      if (fit === 'below') below.unshift(at);
    }
  }
  return { line, below };
}

/** Takes columns from the widest of those that may be cut, until the line fits. */
function shrink<T>(columns: Column<T>[], natural: number[], line: number[], width: number) {
  const widths = [...natural];
  const total = () => line.reduce((sum, at) => sum + GAP + (widths[at] as number), -GAP);
  const cuttable = line.filter((at) => columns[at]?.fit === 'cut');
  while (total() > width) {
    const [widest] = cuttable.toSorted((a, b) => (widths[b] as number) - (widths[a] as number));
    if (widest === undefined || (widths[widest] as number) <= CUT_MIN) break;
    (widths[widest] as number)--;
  }
  return widths;
}

function lineOf<T>(
  screen: Screen,
  columns: Column<T>[],
  line: number[],
  widths: number[],
  row: Shown[],
): string {
  const parts = line.map((at, place) => {
    const text = cutTo(textAt(row, at), widths[at] as number);
    const space = ' '.repeat((widths[at] as number) - displayWidth(text));
    const colour = row[at]?.colour;
    const shown = colour === undefined || text === '' ? text : screen.paint(colour, text);
    if (columns[at]?.right === true) return space + shown;
    return place === line.length - 1 ? shown : shown + space;
  });
  return parts.join(' '.repeat(GAP)).trimEnd();
}

function belowLines(screen: Screen, head: string, text: string): string[] {
  if (text === '') return [];
  const name = `${INDENT}${head}: `;
  const [first, ...rest] = wrapTo(text, screen.width - displayWidth(name));
  const indent = ' '.repeat(displayWidth(name));
  return [
    `${screen.paint('dim', name.trimEnd())} ${first}`,
    ...rest.map((line) => `${indent}${line}`),
  ];
}

/** Names and values, one pair per line; long values go on below. */
export function facts(screen: Screen, rows: [name: string, value: Cell][]): string {
  const nameWidth = Math.max(0, ...rows.map(([name]) => displayWidth(name)));
  const indent = ' '.repeat(nameWidth + GAP);
  return rows
    .map(([name, value]) => {
      const { text, colour } = shownOf(value);
      // A text with styles of its own is short.
      const isStyled = text.includes('\u001b');
      const lines = isStyled ? [text] : wrapTo(text, screen.width - nameWidth - GAP);
      const painted = lines.map((line) =>
        colour === undefined || line === '' ? line : screen.paint(colour, line),
      );
      const space = ' '.repeat(nameWidth + GAP - displayWidth(name));
      return `${screen.paint('dim', name)}${space}${painted.join(`\n${indent}`)}`.trimEnd();
    })
    .join('\n');
}
