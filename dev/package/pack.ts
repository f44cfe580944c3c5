import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { describeError } from '#platform/errors.ts';
import { print, printError } from '#platform/telemetry/print.ts';
import { dataFolder } from '#platform/values/program.ts';
import { stagePackage } from './stage.ts';

// `npm run pack`: the npm package, as a file. Emitted JavaScript, since Node strips no types below
// node_modules.

interface Packed {
  filename: string;
  size: number;
  unpackedSize: number;
  entryCount: number;
}

/** @returns the path of the package, and its sizes in bytes */
async function pack(folder: string): Promise<Packed> {
  await mkdir(folder, { recursive: true });
  const staging = await mkdtemp(join(folder, 'staging-'));
  try {
    await stagePackage(staging);
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await promisify(execFile)('npm', args, { cwd: staging });
    const answer = JSON.parse(stdout) as Packed[] | Record<string, Packed>;
    const [packed] = Object.values(answer);
    if (packed === undefined) throw new Error(`npm pack said ${stdout}`);
    return { ...packed, filename: join(folder, packed.filename) };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

const kilobytes = (bytes: number) => `${Math.ceil(bytes / 1000)} kB`;

try {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const { entryCount, filename, size, unpackedSize } = await pack(
    values.out ?? join(dataFolder({}), 'packages'),
  );
  print(`${filename}
${kilobytes(size)}, unpacked ${kilobytes(unpackedSize)} in ${entryCount} files. To try it, in another folder:

  npm install ${filename} && npx orderbell start`);
} catch (error) {
  printError(`The package cannot be made: ${describeError(error)}`);
  process.exitCode = 1;
}
