import { existsSync } from 'node:fs';
import { cp, glob, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PROGRAM_FOLDER } from '#platform/values/program.ts';
import { ensureConsole } from '../start/console.ts';
import { emit } from './emit.ts';
import { packageManifest, type RootManifest } from './manifest.ts';

/** Files that code finds next to itself, and those for people. */
const ASSETS = [
  '{cli,platform,services}/**/*.{sql,txt,json,css,svg,html}',
  'contracts/published/*.json',
  'dev/kafka/kafka.pom.xml',
  'dev/run.cjs',
  'dev/package/orderbell.cjs',
  'LICENSE',
  'CHANGELOG.md',
  // Errors name pages of it.
  'docs/{*,how-to/*,reference/*,explanation/*}.md',
];
const CONSOLE = 'console/dist';

/**
 * Fills a folder with the content of the npm package.
 * @throws Error when the compiler or the build of the console fails
 */
export async function stagePackage(folder: string): Promise<void> {
  const hasTesting = existsSync(join(PROGRAM_FOLDER, 'dev/testing/testing.ts'));
  await emit(join(import.meta.dirname, 'tsconfig.json'), folder);
  // Programs of others are written with the kit, so they need its types.
  if (hasTesting) await emit(join(import.meta.dirname, 'types.tsconfig.json'), folder);
  const fault = await ensureConsole();
  if (fault !== null) throw new Error(fault);
  for await (const name of glob(ASSETS, { cwd: PROGRAM_FOLDER })) await copy(name, folder);
  for (const name of await builtFiles()) await copy(`${CONSOLE}/${name}`, folder);
  const text = await readFile(join(PROGRAM_FOLDER, 'package.json'), 'utf8');
  const manifest = packageManifest(JSON.parse(text) as RootManifest, hasTesting);
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await cp(join(import.meta.dirname, 'README.md'), join(folder, 'README.md'));
}

async function copy(name: string, folder: string): Promise<void> {
  const target = join(folder, name);
  await mkdir(dirname(target), { recursive: true });
  await cp(join(PROGRAM_FOLDER, name), target);
}

/** The pages of the console and what they load: assets of earlier builds stay in the folder. */
async function builtFiles(): Promise<string[]> {
  const built = join(PROGRAM_FOLDER, CONSOLE);
  const assets = await Array.fromAsync(glob('assets/*', { cwd: built }));
  const used = ['index.html', 'letter.html'];
  // Grows while it is read.
  for (const name of used) {
    if (!/\.(html|css|js)$/.test(name)) continue;
    const text = await readFile(join(built, name), 'utf8');
    for (const asset of assets) {
      const loaded = asset.replace(/\.(br|gz)$/, '').slice('assets/'.length);
      if (!used.includes(asset) && text.includes(loaded)) used.push(asset);
    }
  }
  return used;
}
