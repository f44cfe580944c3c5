import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import { createLogLimit } from '#platform/async/log-limit.ts';
import { startLoop } from '#platform/async/loop.ts';
import { describeError } from '#platform/errors.ts';
import type { UsableKeys } from './usable-keys.ts';

const REFRESH_MS = 5 * 60_000;
const RETRY = { firstMs: 500, maxMs: 30_000 };
// An unknown key id makes the keys be read again, no more often than this: anyone can send one.
const UNKNOWN_KEY_MS = 30_000;
// Without keys each request would read them; these reads are shared, and not closer than this.
const FIRST_KEYS_MS = 200;

/** The public keys of the issuer. */
export interface IssuerKeys {
  /** Finds the key of a token. @throws Error, of jose only where the token is at fault */
  find: JWTVerifyGetKey;
  /** @throws Error until the keys were read once */
  checkReady(): Promise<void>;
  /** Reads them now and every five minutes. */
  startRefresh(): { close(): Promise<void> };
}

interface IssuerKeysOptions {
  /** Reads the published keys; an error says from where and why not. */
  read: (signal: AbortSignal) => Promise<UsableKeys>;
  log: Pick<Logger, 'error' | 'warn' | 'info'>;
  unknownKeyMs?: number;
  firstKeysMs?: number;
}

/**
 * Holds the keys. A token that names a key that is not among them makes them be read again. The
 * last ones stay in use while the issuer is away, however long: its absence must not sign
 * everybody out.
 */
export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { read, log } = options;
  const { unknownKeyMs = UNKNOWN_KEY_MS, firstKeysMs = FIRST_KEYS_MS } = options;
  const stop = new AbortController();
  let keys: JWTVerifyGetKey | undefined;
  /** Of the latest read; undefined when it succeeded. */
  let fault: unknown;
  let readAt = Number.NEGATIVE_INFINITY;
  let running: Promise<JWTVerifyGetKey> | undefined;
  const countForLine = createLogLimit();
  const reportSkipped = createSkippedLog(log);

  function reread(): Promise<JWTVerifyGetKey> {
    running ??= readOnce().finally(() => {
      running = undefined;
    });
    return running;
  }

  async function readOnce(): Promise<JWTVerifyGetKey> {
    try {
      const published = await read(stop.signal);
      const found = createLocalJWKSet(published.keys);
      reportSkipped(published.skipped);
      if (fault !== undefined) log.info("the issuer's keys can be read again");
      fault = undefined;
      keys = found;
      return found;
    } catch (error) {
      fault = error;
      if (!stop.signal.aborted) report(error);
      throw error;
    } finally {
      readAt = performance.now();
    }
  }

  function report(error: unknown): void {
    if (countForLine('keys') === 0) return;
    const why = `the issuer's keys cannot be read: ${describeError(error)}`;
    if (keys === undefined) log.error(`${why}. No request can be identified until they are`);
    else log.warn(`${why}. Those read before stay in use`);
  }

  /** The result of the latest read, or of a new one where that is older. */
  async function readWithin(ms: number): Promise<JWTVerifyGetKey> {
    if (running !== undefined || performance.now() - readAt >= ms) return reread();
    if (fault !== undefined || keys === undefined) throw fault;
    return keys;
  }

  return {
    async find(header, token) {
      const known = keys ?? (await readWithin(firstKeysMs));
      try {
        return await known(header, token);
      } catch (error) {
        // A key that cannot be imported is as good as none.
        const isMissing = error instanceof errors.JWKSNoMatchingKey;
        if (error instanceof errors.JOSEError && !isMissing) throw error;
        // Only the issuer knows whether it has a new one.
        return useOf(await readWithin(unknownKeyMs), header, token);
      }
    },
    async checkReady() {
      if (keys === undefined) await readWithin(firstKeysMs);
    },
    startRefresh() {
      const loop = startLoop({
        name: 'issuer keys',
        // Each failure is reported above, at most once a minute.
        log: { warn: () => {}, error: () => {} },
        async round() {
          await reread();
          // Gateways that started together do not read together.
          return REFRESH_MS * (0.9 + Math.random() / 5);
        },
        retry: RETRY,
      });
      return {
        async close() {
          stop.abort();
          await loop.close();
        },
      };
    },
  };
}

/** @throws Error of jose: the keys are read, so the token names none that can be used */
async function useOf(keys: JWTVerifyGetKey, ...token: Parameters<JWTVerifyGetKey>) {
  try {
    return await keys(...token);
  } catch (error) {
    if (error instanceof errors.JOSEError) throw error;
    throw new errors.JWKSNoMatchingKey(describeError(error));
  }
}

/** Says a line for each key that is skipped, once as long as the issuer publishes it. */
function createSkippedLog(log: IssuerKeysOptions['log']) {
  let known: string[] = [];
  return (lines: string[]): void => {
    for (const line of lines) {
      if (!known.includes(line)) log.warn(`the issuer's ${line}. It is skipped`);
    }
    known = lines;
  };
}

/** True when the token is invalid, false when its keys could not be read. */
export function isTokenFault(error: unknown): boolean {
  return error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC';
}
