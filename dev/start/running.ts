import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DamagedFileError } from '../files/kept-file.ts';

/** Content of `running.json`, by which the CLI and others find the system of this folder. */
export interface Running {
  /** Base URL of the public API. */
  url: string;
  /** Process of `npm start`. The file survives a kill, so readers check that it is alive. */
  pid: number;
}

const fileIn = (home: string) => join(home, 'running.json');

/** @throws DamagedFileError when the file cannot be written later */
export async function checkRunningFile(home: string): Promise<void> {
  const path = fileIn(home);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isFile()) return;
  const purpose = 'A start writes there where the system listens.';
  throw new DamagedFileError({ path, purpose, remedy: 'Move it away.' }, 'is not a file');
}

/** Records where the system listens, and replaces the file of an earlier start. */
export async function writeRunningFile(home: string, running: Running): Promise<void> {
  const draft = `${fileIn(home)}.new-${process.pid}`;
  // A rename is atomic: readers never see half a file.
  await writeFile(draft, `${JSON.stringify(running)}\n`);
  await rename(draft, fileIn(home));
}

export async function removeRunningFile(home: string): Promise<void> {
  await rm(fileIn(home), { force: true });
}
