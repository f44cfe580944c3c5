import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

// A how-to that changes the code holds its steps as blocks that a test performs in a copy of the
// tree: a block after a line that ends with "`path`:". A block of `diff` changes the file: context
// and removed lines are replaced by context and added ones. Any other block creates it.

const ROOT = join(import.meta.dirname, '..');
const NOT_COPIED = ['node_modules', '.git', '.orderbell', 'dist'];

/** One step of a how-to. */
export interface Step {
  path: string;
  /** The whole text of a new file. */
  create?: string;
  /** Texts that are replaced, each of which the file has once. */
  replace?: { from: string; to: string }[];
}

/** @returns the steps of a page, in their order */
export function stepsOf(page: string): Step[] {
  const block = /`([^`\s]+)`:\n\n```(\w+)\n(.*?)\n```/gs;
  return [...page.matchAll(block)].map(([, path = '', language, text = '']) =>
    language === 'diff'
      ? {
          path,
          replace: text
            .split(/^@@.*\n/m)
            .filter(Boolean)
            .map(hunkOf),
        }
      : { path, create: `${text}\n` },
  );
}

function hunkOf(text: string): { from: string; to: string } {
  const lines = text.replace(/\n$/, '').split('\n');
  const side = (other: string) =>
    lines.filter((line) => !line.startsWith(other)).map((line) => line.slice(1));
  return { from: side('+').join('\n'), to: side('-').join('\n') };
}

export function readSteps(page: string): Step[] {
  return stepsOf(readFileSync(join(ROOT, page), 'utf8'));
}

/** A copy of the tree that is removed after the test. @returns its folder */
export async function copyTree(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-recipe-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await cp(ROOT, folder, {
    recursive: true,
    filter: (path) =>
      !path
        .slice(ROOT.length)
        .split('/')
        .some((name) => NOT_COPIED.includes(name)),
  });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Performs steps in a copy. @throws Error that names a text which the file does not have once */
export async function perform(folder: string, steps: Step[]): Promise<void> {
  for (const { path, create, replace = [] } of steps) {
    const file = join(folder, path);
    if (create !== undefined) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, create, { flag: 'wx' });
    }
    for (const { from, to } of replace) {
      const parts = (await readFile(file, 'utf8')).split(from);
      if (parts.length !== 2) throw new Error(`${path} has ${parts.length - 1} times:\n${from}`);
      await writeFile(file, parts.join(to));
    }
  }
}
