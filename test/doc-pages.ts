import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { stepsOf } from './recipe.ts';

// Finds the links that test/docs.test.ts checks and the commands that test/docs-runnable.test.ts runs.

export const ROOT = resolve(import.meta.dirname, '..');

/** A Markdown page of this project. */
export interface Page {
  /** From the project's root. */
  path: string;
  text: string;
}

export const pages: Page[] = globSync('{*.md,.github/**/*.md,docs/**/*.md}', { cwd: ROOT })
  .sort()
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

/** A block of commands that a reader may type as it is. */
export interface Runnable {
  page: string;
  /** Whether it kills the system, so that it is started again afterwards. */
  kills: boolean;
  commands: string;
  /** Statuses that the comments announce, in the order of the requests. */
  statuses: number[];
  /** JSON members that the comments announce, such as `"ok":true`. */
  members: string[];
}

/** Blocks that begin with ```` ```sh runnable ````; one that kills the system adds ` kills`. */
export function runnablesOf({ path, text }: Page): Runnable[] {
  return [...text.matchAll(/^```sh runnable( kills)?\n([\s\S]*?)^```$/gm)].map(
    ([, kills, commands = '']) => ({
      page: path,
      kills: kills !== undefined,
      commands,
      statuses: [...commands.matchAll(/^# (\d{3}) /gm)].map(([, status]) => Number(status)),
      members: [...commands.matchAll(/^# \d{3} .*?("\w+":\w+)/gm)].map(([, text = '']) => text),
    }),
  );
}

/** A page without its code blocks, which contain no links. */
function proseOf(text: string): string {
  return text.replace(/^( *)```[\s\S]*?^\1```$/gm, '').replace(/`[^`\n]*`/g, '');
}

/** The anchors that forges generate from the headings of a page. */
export function anchorsOf(text: string): Set<string> {
  const headings = [...text.replace(/^( *)```[\s\S]*?^\1```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)];
  const anchors = new Set<string>();
  for (const [, heading = ''] of headings) {
    const words = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '');
    const anchor = words.trim().replace(/\s/g, '-');
    let name = anchor;
    for (let number = 1; anchors.has(name); number++) name = `${anchor}-${number}`;
    anchors.add(name);
  }
  return anchors;
}

/** Relative links of a page that lead nowhere, one line each. */
export function brokenLinks({ path, text }: Page): string[] {
  return [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(ROOT, target))) return [`${path}: there is no ${target}`];
    if (anchor === undefined || !target.endsWith('.md')) return [];
    const found = anchorsOf(readFileSync(join(ROOT, target), 'utf8'));
    return found.has(decodeURIComponent(anchor)) ? [] : [`${path}: ${target} has no #${anchor}`];
  });
}

/**
 * Functions that the tour names and the linked file does not define, and links to code that name no
 * function; one line each.
 */
export function lostFunctions({ path, text }: Page): string[] {
  const links = text.matchAll(/(?:`(\w+)`,?\s*\(?)?\[[^\]]+\]\(([^)]+(?<!\.test)\.ts)\)/g);
  return [...links].flatMap(([, name, link = '']) => {
    const file = relative(ROOT, resolve(ROOT, dirname(path), link));
    if (name === undefined) return [`${file} is linked to without a function`];
    if (!existsSync(join(ROOT, file))) return [`${file} of ${name} does not exist`];
    const defined = new RegExp(`\\bfunction ${name}\\b`);
    return defined.test(readFileSync(join(ROOT, file), 'utf8'))
      ? []
      : [`${file} has no function ${name}`];
  });
}

const CODE_PATH =
  /`((?:contracts|platform|services|dev|harness|bench|test|client|cli|console)\/[\w./{},*-]+)`/g;

/** Paths of code that a page names, that no file matches and no step of it creates. */
export function lostPaths({ path, text }: Page): string[] {
  const created = stepsOf(text).filter(({ create }) => create !== undefined);
  return [...text.matchAll(CODE_PATH)]
    .map(([, name = '']) => name)
    .filter((name) => globSync(name, { cwd: ROOT }).length === 0)
    .filter((name) => !created.some((step) => step.path.startsWith(name)))
    .map((name) => `${path} names ${name}`);
}

const KIND =
  /^# .+\n\n\*\*(?:Tutorial|How-to|Reference|Explanation)\*\* for [^.]+\. Afterwards you (?:can|know) [\s\S]+?\./;

/** Whether the first lines of a page name its kind, its reader and what they can do afterwards. */
export function namesItsKind({ text }: Page): boolean {
  return KIND.test(text);
}
