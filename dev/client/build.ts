import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { describeError } from '#platform/errors.ts';
import { print, printError } from '#platform/telemetry/print.ts';
import { type ClientManifest, clientManifest } from './manifest.ts';

// `npm run client:build`: the npm package @orderbell/client, as a folder.

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, '.orderbell', 'packages', 'client');

/**
 * Replaces a folder by the package: JavaScript modules, their types and the manifest.
 * @throws Error when the compiler refuses the sources
 */
export async function buildClient(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const project = join(import.meta.dirname, 'tsconfig.json');
  try {
    await promisify(execFile)(process.execPath, [compiler, '-p', project, '--outDir', folder]);
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string };
    throw new Error(`the sources cannot be emitted: ${stdout || error}`, { cause: error });
  }
  for await (const name of glob('**/*.d.ts', { cwd: folder }))
    await nameModules(join(folder, name));
  for await (const name of glob('client/**/*.schema.json', { cwd: ROOT })) await copy(name, folder);
  await cp(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  await cp(join(ROOT, 'client', 'README.md'), join(folder, 'README.md'));
  const root = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as ClientManifest;
  const manifest = clientManifest(root, existsSync(join(folder, 'client', 'events', 'events.js')));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The compiler leaves `./x.ts` in declarations, which a reader of the package does not have. */
async function nameModules(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/((?:from|import\()\s*['"]\.[^'"]+)\.ts(['"])/g, '$1.js$2'));
}

async function copy(name: string, folder: string): Promise<void> {
  const target = join(folder, name);
  await mkdir(dirname(target), { recursive: true });
  await cp(join(ROOT, name), target);
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({ options: { out: { type: 'string' } } });
    const folder = values.out ?? FOLDER;
    await buildClient(folder);
    print(`${folder}\n\nTo use it, in another folder:  npm install ${folder}`);
  } catch (error) {
    printError(`The client cannot be built: ${describeError(error)}`);
    process.exitCode = 1;
  }
}
