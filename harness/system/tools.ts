import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs from outside npm that tests run, and how to get each. */
const SOURCES = {
  haproxy: 'apt install haproxy',
  kubectl: 'apt install kubernetes-client (1.27 or newer)',
  pgbouncer: 'apt install pgbouncer (1.21 or newer)',
  postfix: 'apt install postfix',
  promtool: 'apt install prometheus',
  python_events: '.ci/python-events <folder>',
  schemathesis: '.ci/schemathesis <folder>',
} as const;

export type Tool = keyof typeof SOURCES;

// Debian puts servers where the PATH of other users does not lead.
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/**
 * The file of a program that tests run; null without one. `HAPROXY=<file>` and the like name another.
 * A test without its tool is skipped, and `test/run.ts` says so.
 */
export function findTool(name: Tool): string | null {
  const named = process.env[name.toUpperCase()];
  if (named) return named;
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SERVER_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
}

/** Programs that every machine with Debian's packages can have. */
export const COMMON_TOOLS: readonly Tool[] = ['haproxy', 'postfix', 'promtool'];

/** For `test` options: why a test that needs a tool is skipped, or false. */
export const skipWithout = (name: Tool) =>
  findTool(name) === null ? `there is no ${name}` : false;

/**
 * The tools that test files name and this machine lacks, each with the way to get it.
 * @param among the tools to look for
 */
export function missingTools(
  files: readonly string[],
  among: readonly Tool[] = Object.keys(SOURCES) as Tool[],
): string[] {
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  return among
    .filter((name) => texts.some((text) => text.includes(`skipWithout('${name}')`)))
    .filter((name) => findTool(name) === null)
    .map((name) => `${name} (${SOURCES[name]})`);
}

/** Whether this user may run the file. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
