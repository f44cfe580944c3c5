import type { Logger } from 'pino';
import { type Loop, startLoop } from '#platform/async/loop.ts';
import type { Database } from '#platform/postgres/database.ts';
import { createTextCipher, type TextCipher } from '#platform/values/text-cipher.ts';
import { lockSecrets, setSecrets } from './endpoint-store.ts';

const ROUND_MS = 60_000;
const RETRY = { firstMs: 1_000, maxMs: ROUND_MS };

export interface SecretsDeps {
  database: Pick<Database, 'transaction'>;
  cipher: TextCipher;
}

/** @param previous another secret whose texts are read too, while the secret is replaced */
export function createSecretCipher(secret: string, previous?: string): TextCipher {
  const fault =
    'cannot sign webhooks: neither WEBHOOKS_SECRET nor WEBHOOKS_SECRET_PREVIOUS is the one that ' +
    "encrypted the endpoints' secrets";
  return createTextCipher(secret, { previous, fault });
}

/**
 * Moves the endpoints' secrets from the previous secret to ours.
 * @throws AppError that names WEBHOOKS_SECRET, before any change, when it is not that of the secrets
 */
export async function reencryptSecrets({ database, cipher }: SecretsDeps): Promise<void> {
  const renew = (text: string) =>
    cipher.isOutdated(text) ? cipher.encrypt(cipher.decrypt(text)) : text;
  await database.transaction(async (tx) => {
    const stored = await lockSecrets(tx);
    const renewed = stored.map(({ id, secret, previous }) => ({
      id,
      secret: renew(secret),
      previous: previous === null ? null : renew(previous),
    }));
    for (const [index, row] of renewed.entries()) {
      const { secret, previous } = stored[index] ?? row;
      if (row.secret !== secret || row.previous !== previous) await setSecrets(tx, row);
    }
  });
}

/**
 * Does so in the background: a replica that still has the secrets the other way round may have added
 * an endpoint meanwhile.
 */
export function startReencryption(deps: SecretsDeps, log: Logger): Loop {
  return startLoop({
    name: 'secrets of endpoints',
    log,
    retry: RETRY,
    firstInMs: ROUND_MS,
    async round() {
      await reencryptSecrets(deps);
      return ROUND_MS;
    },
  });
}
