import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { createSlots } from '#platform/async/slots.ts';
import { AppError, commonProblems } from '#platform/errors.ts';

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes the same time for `null`, so that a missing account does not show. */
  verify(hash: string | null, password: string): Promise<boolean>;
}

// A hash takes 32 MiB and about 0.1 s of one processor; OWASP's (2^14, 8, 5) take twice as long
// (decision 5). The format below lets them be raised without touching stored hashes.
const LOG2_N = 14;
const BLOCK_SIZE = 16;
const PARALLELIZATION = 1;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;

// Node does this work on four threads that also check the signatures of tokens (WebCrypto): a
// burst of sign-ins must leave one to them.
const THREADS_MAX = 3;
// The gateway gives up after 10 s: a hash after that delays the others, and no caller uses it.
const WAIT_MAX_MS = 8_000;
const WAITING_MAX = 256;

// The PHC string format: it keeps the settings with the hash, so they can be raised later.
const FORMAT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]+)\$([\w+/]+)$/;

/** Hashes passwords with scrypt on Node's threads, a few at a time. */
export function createPasswords(): Passwords {
  const inTurn = createTurns(Math.min(THREADS_MAX, availableParallelism()));
  // Nothing derives to random bytes.
  const noAccount = format(randomBytes(SALT_BYTES), randomBytes(KEY_BYTES));
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      return format(salt, await inTurn(() => derive(password, salt, KEY_BYTES, SETTINGS)));
    },
    async verify(hash, password) {
      const parts = FORMAT.exec(hash ?? noAccount);
      if (parts === null) throw new Error('a stored password hash has an unknown format');
      const [, log2N, r, p, salt = '', key = ''] = parts;
      const expected = Buffer.from(key, 'base64');
      const settings = { N: 2 ** Number(log2N), r: Number(r), p: Number(p) };
      const actual = await inTurn(() =>
        derive(password, Buffer.from(salt, 'base64'), expected.length, settings),
      );
      return timingSafeEqual(actual, expected);
    },
  };
}

const SETTINGS = { N: 2 ** LOG2_N, r: BLOCK_SIZE, p: PARALLELIZATION };

function format(salt: Buffer, key: Buffer): string {
  const settings = `ln=${LOG2_N},r=${BLOCK_SIZE},p=${PARALLELIZATION}`;
  return `$scrypt$${settings}$${unpadded(salt)}$${unpadded(key)}`;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

function derive(
  password: string,
  salt: Buffer,
  length: number,
  settings: ScryptOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Keyboards write the same letter in different ways (NFKC; stored hashes depend on it).
    const options = { ...settings, maxmem: MEMORY_BYTES_MAX };
    scrypt(password.normalize('NFKC'), salt, length, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** Lets `max` works run at a time. Refuses a work that would wait too long. */
function createTurns(max: number) {
  const inSlot = createSlots(max);
  let waiting = 0;
  return <T>(work: () => Promise<T>): Promise<T> => {
    const since = performance.now();
    if (waiting >= WAITING_MAX) throw busy();
    waiting += 1;
    return inSlot(() => {
      waiting -= 1;
      if (performance.now() - since > WAIT_MAX_MS) throw busy();
      return work();
    });
  };
}

function busy(): AppError {
  return new AppError(commonProblems.unavailable, 'too many passwords to check at once');
}
