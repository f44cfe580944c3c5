import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { describeError } from '../errors.ts';
import { fileOf } from './load-config.ts';
import { fileVariable, readText } from './read-setting.ts';

// A renewed certificate is used within a minute; the look at the files costs microseconds.
export const RENEWAL_MS = 60_000;

/** A value that is made of settings, and made again when their files change. */
export interface Renewed<T> {
  readonly current: T;
  close(): void;
}

interface RenewedOptions<T> {
  /** As `loadConfig` returned it. */
  config: object;
  /** The settings, all of them texts. */
  names: readonly string[];
  /** @throws Error when the texts are wrong or contradict each other */
  make: (texts: Record<string, string | undefined>) => T;
  log: Pick<Logger, 'info' | 'error'>;
  /** What the settings are together, as in "the certificate of this process". */
  what: string;
  onRenewed?: (value: T) => void;
  /** Called in each round. */
  onRound?: (value: T) => void;
}

/**
 * Makes a value of settings that are certificates or keys. Once a minute it looks at the files that
 * hold them (`X_FILE`), and makes it again of changed ones. Faulty files keep the former value,
 * and the log names their fault once.
 * @throws Error of the first `make`
 */
export function renewFromFiles<T>(options: RenewedOptions<T>): Renewed<T> {
  const { config, names, make, log, what } = options;
  const values = config as Record<string, string | undefined>;
  let seen = versionOf();
  let current = make(Object.fromEntries(names.map((name) => [name, values[name]])));

  /** Another text when any of the files was written or replaced, also behind a symbolic link. */
  function versionOf(): string {
    return names.map((name) => fileVersion(fileOf(config, name))).join();
  }

  function read(name: string): [string, string | undefined] {
    const file = fileOf(config, name);
    return [name, file === undefined ? values[name] : readText(fileVariable(name), file)];
  }

  function look(): void {
    const version = versionOf();
    if (version !== seen) {
      // Before the read: a write in between is found in the next round.
      seen = version;
      try {
        current = make(Object.fromEntries(names.map(read)));
        log.info(`${what} was renewed`);
        options.onRenewed?.(current);
      } catch (error) {
        log.error(`${what} cannot be renewed: ${describeError(error)}. The former one is used`);
      }
    }
    options.onRound?.(current);
  }

  const timer = setInterval(look, RENEWAL_MS).unref();
  return {
    get current() {
      return current;
    },
    close: () => clearInterval(timer),
  };
}

function fileVersion(file: string | undefined): string {
  if (file === undefined) return '';
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? 'absent' : `${found.ino} ${found.size} ${found.mtimeMs}`;
}
