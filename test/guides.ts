import assert from 'node:assert/strict';
import { type Page, pages } from './doc-pages.ts';

// The commands of docs/how-to, for test/production/guides.test.ts. The recipes (add-*.md) change the
// code: test/recipes.test.ts performs them.

/** A block of commands or of SQL. */
export interface GuideBlock {
  page: string;
  /** The line of the page where it begins. */
  line: number;
  language: 'sh' | 'sql';
  /** Without the indentation of a list. */
  text: string;
}

const FOLDER = 'docs/how-to/';
const BLOCK = /^( *)```(sh|sql)\b.*\n([\s\S]*?)^\1```$/gm;

export function blocksOf({ path, text }: Page): GuideBlock[] {
  return [...text.matchAll(BLOCK)].map(({ index, 1: indent = '', 2: language, 3: block = '' }) => ({
    page: path.slice(FOLDER.length),
    line: text.slice(0, index).split('\n').length,
    language: language as 'sh' | 'sql',
    text: block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

export const guideBlocks: GuideBlock[] = pages
  .filter(({ path }) => path.startsWith(FOLDER) && !path.startsWith(`${FOLDER}add-`))
  .flatMap(blocksOf);

export const nameOf = ({ page, line, text }: GuideBlock) =>
  `${page}:${line} ${text.split('\n', 1)[0]}`;

/** The one block of a page that contains this text. */
export function blockWith(page: string, text: string): GuideBlock {
  const found = guideBlocks.filter((block) => block.page === page && block.text.includes(text));
  assert.equal(found.length, 1, `${page} has ${found.length} blocks with ${text}`);
  return found[0] as GuideBlock;
}

export type Replacement = [from: string | RegExp, to: string | ((found: string) => string)];

// `<order id>`, but neither `<<` nor `2>`. A host of an example is never asked.
const PLACEHOLDER = /…|<[a-z][a-z -]*>|\b[a-z]+\.example\b/;

/**
 * A block with the values of a test in place of its placeholders and examples.
 * @throws AssertionError when one is left
 */
export function fillIn(block: GuideBlock, values: Replacement[]): string {
  const filled = values.reduce(
    (text, [from, to]) => text.replaceAll(from, typeof to === 'string' ? () => to : to),
    block.text,
  );
  const code = filled.replaceAll(/ # .*$/gm, '');
  assert.doesNotMatch(code, PLACEHOLDER, `${nameOf(block)}: a placeholder has no value`);
  return filled;
}
