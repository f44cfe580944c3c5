import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { spawnNode } from '../child-process.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'cli', 'orderbell.ts');

export type Cli = Awaited<ReturnType<typeof temporaryCli>>;
export type CliCall = ReturnType<Cli['start']>;
export type CliResult = Awaited<CliCall['ended']>;

/** The command line as processes, in Russian, with sessions of its own. */
export async function temporaryCli(t: TestContext, url = 'http://127.0.0.1:1') {
  const config = await mkdtemp(join(tmpdir(), 'orderbell-cli-'));
  t.after(() => rm(config, { recursive: true }));
  /** A call that is under way, with other variables or an input. */
  function startWith(
    { env = {}, input = '' }: { env?: Record<string, string>; input?: string },
    ...words: string[]
  ) {
    const { child, printed, exited } = spawnNode([PROGRAM, ...words], {
      env: { ...ownEnvironment(), XDG_CONFIG_HOME: config, ORDERBELL_URL: url, ...env },
      input,
    });
    const ended = exited.then((code) => ({
      code,
      stdout: printed('stdout'),
      stderr: printed('stderr'),
      // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as a client would
      json: (): any => JSON.parse(printed('stdout')),
    }));
    /** Standard error so far. */
    const errors = () => printed('stderr');
    return { child, errors, ended };
  }
  return {
    /** Folder of the sessions (XDG_CONFIG_HOME). */
    config,
    startWith,
    start: (...words: string[]) => startWith({}, ...words),
    run: (...words: string[]) => startWith({}, ...words).ended,
    runWith: (changes: Parameters<typeof startWith>[0], ...words: string[]) =>
      startWith(changes, ...words).ended,
  };
}

/** Russian, with lines that no list fills, whatever the person who tests prefers. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { NO_COLOR: _n, FORCE_COLOR: _f, ORDERBELL_TOKEN: _t, ...rest } = process.env;
  const { LC_ALL: _a, LC_MESSAGES: _m, ...others } = rest;
  return { ...others, LANG: 'ru_RU.UTF-8', COLUMNS: '400' };
}
