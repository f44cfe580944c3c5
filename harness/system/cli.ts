import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { spawnNode } from '../child-process.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'cli', 'orderbell.ts');

/** What a call of the command line came to. */
export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as a client would
  json: () => any;
}

/** A call that is under way. */
export interface CliCall {
  child: ChildProcess;
  /** What standard error has said so far. */
  errors: () => string;
  ended: Promise<CliResult>;
}

export interface Cli {
  /** Folder of the sessions (XDG_CONFIG_HOME). */
  config: string;
  start(...words: string[]): CliCall;
  /** As `start`, with other variables. */
  startWith(changes: { env: Record<string, string> }, ...words: string[]): CliCall;
  run(...words: string[]): Promise<CliResult>;
  /** As `run`, with other variables or an input. */
  runWith(
    changes: { env?: Record<string, string>; input?: string },
    ...words: string[]
  ): Promise<CliResult>;
}

/** The command line as processes, in Russian, with sessions of its own. */
export async function temporaryCli(t: TestContext, url = 'http://127.0.0.1:1'): Promise<Cli> {
  const config = await mkdtemp(join(tmpdir(), 'orderbell-cli-'));
  t.after(() => rm(config, { recursive: true }));
  function start(
    words: string[],
    { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {},
  ): CliCall {
    const { NO_COLOR: _n, FORCE_COLOR: _f, ORDERBELL_TOKEN: _t, LC_ALL: _l, ...rest } = process.env;
    const { child, printed, exited } = spawnNode([PROGRAM, ...words], {
      env: { ...rest, XDG_CONFIG_HOME: config, ORDERBELL_URL: url, LANG: 'ru_RU.UTF-8', ...env },
      input,
    });
    const ended = exited.then((code) => ({
      code,
      stdout: printed('stdout'),
      stderr: printed('stderr'),
      json: () => JSON.parse(printed('stdout')),
    }));
    return { child, errors: () => printed('stderr'), ended };
  }
  return {
    config,
    start: (...words) => start(words),
    startWith: (changes, ...words) => start(words, changes),
    run: (...words) => start(words).ended,
    runWith: (changes, ...words) => start(words, changes).ended,
  };
}
