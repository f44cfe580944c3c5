import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DamagedFileError } from '../files/kept-file.ts';

/** The content of `running.json`: where the system of this folder listens, for the CLI and others. */
export interface Running {
  /** Base URL of the public API. */
  url: string;
  /** Of `npm start`. After a kill the file stays, so its readers look whether this one lives. */
  pid: number;
}

const fileIn = (home: string) => join(home, 'running.json');

/** @throws DamagedFileError when the file could not be written later */
export async function checkRunningFile(home: string): Promise<void> {
  const path = fileIn(home);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isFile()) return;
  const purpose = 'A start writes there where the system listens.';
  throw new DamagedFileError({ path, purpose, remedy: 'Move it away.' }, 'is not a file');
}

/** Says where the system listens, in place of what an earlier start has left. */
export async function writeRunningFile(home: string, running: Running): Promise<void> {
  const draft = `${fileIn(home)}.new-${process.pid}`;
  // Readers see the whole of it or nothing.
  await writeFile(draft, `${JSON.stringify(running)}\n`);
  await rename(draft, fileIn(home));
}

export async function removeRunningFile(home: string): Promise<void> {
  await rm(fileIn(home), { force: true });
}
