import { execFile } from 'node:child_process';
import { glob, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROGRAM_FOLDER } from '#platform/values/program.ts';

/**
 * Emits the entries that a configuration names, and all that they import.
 * @param project file of the configuration
 * @throws Error when the compiler refuses the sources
 */
export async function emit(project: string, folder: string): Promise<void> {
  const compiler = join(PROGRAM_FOLDER, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '-p', project, '--outDir', folder];
  try {
    await promisify(execFile)(process.execPath, args);
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string };
    throw new Error(`the sources cannot be emitted: ${stdout || error}`, { cause: error });
  }
  for await (const name of glob('**/*.d.ts', { cwd: folder }))
    await nameModules(join(folder, name));
}

/** The compiler leaves `./x.ts` in declarations, which a reader of the package does not have. */
async function nameModules(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/((?:from|import\()\s*['"]\.[^'"]+)\.ts(['"])/g, '$1.js$2'));
}
