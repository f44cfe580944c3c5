import { existsSync } from 'node:fs';
import { cp, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from '#platform/errors.ts';
import { print, printError } from '#platform/telemetry/print.ts';
import { emit } from '../package/emit.ts';
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
  await emit(join(import.meta.dirname, 'tsconfig.json'), folder);
  for await (const name of glob('client/**/*.schema.json', { cwd: ROOT })) await copy(name, folder);
  await cp(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  await cp(join(ROOT, 'client', 'README.md'), join(folder, 'README.md'));
  const root = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as ClientManifest;
  const manifest = clientManifest(root, existsSync(join(folder, 'client', 'events', 'events.js')));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
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
