import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

// The form in which Orderbell runs: a checkout, whose commands are npm scripts, or the npm package,
// whose files are emitted JavaScript and whose one command is `orderbell` (decision 43).

export const IS_PACKAGE = import.meta.filename.endsWith('.js');

/** Folder of our own files, which may be read-only. Data are in `dataFolder`. */
export const PROGRAM_FOLDER = dirname(dirname(import.meta.dirname));

/** What people type before the words of the command line. */
export const PROGRAM = IS_PACKAGE ? 'npx orderbell' : 'npm run orderbell --';

/**
 * A command as people type it: `npm start`, or `npx orderbell start`.
 * @param name an npm script that the package has as a command, too
 * @param words what follows it
 */
export function commandFor(name: string, words = ''): string {
  const script = name === 'start' ? 'npm start' : `npm run ${name}`;
  const line = IS_PACKAGE ? `${PROGRAM} ${name}` : script;
  if (words === '') return line;
  return `${line} ${IS_PACKAGE ? '' : '-- '}${words}`;
}

/**
 * The call of one of our modules as people type it.
 * @param source its file below our folder, with `.ts`
 */
export function nodeCommandFor(source: string): string {
  if (!IS_PACKAGE) return `node ${source}`;
  const file = join(PROGRAM_FOLDER, source.replace(/\.ts$/, '.js'));
  return `node '${relative(process.cwd(), file)}'`;
}

/** Where a page of our documentation is. @param page its file below our folder */
export function pageAt(page: string): string {
  return IS_PACKAGE ? relative(process.cwd(), join(PROGRAM_FOLDER, page)) : page;
}

/** The npm command that adds packages, in the folder where this one was installed (dev/run.cjs). */
export function installCommand(options: string): string {
  if (!IS_PACKAGE) return `npm install ${options}`;
  const folder = dirname(dirname(PROGRAM_FOLDER));
  const isProject = existsSync(join(folder, 'package.json'));
  return `npm install ${isProject ? `--prefix '${folder}'` : '--global orderbell'} ${options}`;
}

/** Folder of the data, keys and passwords: of the checkout, or below the current folder. */
export function dataFolder(env: NodeJS.ProcessEnv = process.env): string {
  const given = env.ORDERBELL_HOME?.trim();
  return resolve(given || join(IS_PACKAGE ? '' : PROGRAM_FOLDER, '.orderbell'));
}
