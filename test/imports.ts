import { posix } from 'node:path';

/** A TypeScript file of this project. */
export interface SourceFile {
  /** From the project's root, with `/`. */
  path: string;
  text: string;
}

/** The violations of a rule, one line each, with the remedy. */
export type Rule = (file: SourceFile) => string[];

// The words as statements have them: `import '…'`, `import x from '…'`, `export … from '…'` and
// `import('…')`. A comment or a text that looks like one is reported too; none does so far.
const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*(['"`])([^'"`\n]+)\1/g;

/** The modules that a source imports or re-exports, in the order of the text. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(SPECIFIER)].map((match) => match[2] as string);
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

/** An npm package or a module of Node. */
export function isPackage(name: string): boolean {
  return !/^[./#]/.test(name);
}

/** Where an import leads, from the project's root. */
export function targetOf(path: string, name: string): string {
  if (name.startsWith('#')) return name.slice(1);
  return posix.normalize(posix.join(posix.dirname(path), name));
}
