import { exportJWK, generateKeyPair } from 'jose';
import type { Logger } from 'pino';
import { type Loop, startLoop } from '#platform/async/loop.ts';
import type { Database, Queryable } from '#platform/postgres/database.ts';
import type { KeyCipher } from './key-cipher.ts';
import * as store from './keys-store.ts';

export const ALGORITHM = { alg: 'EdDSA', crv: 'Ed25519' };

const DAY_S = 24 * 3600;
// A private key that leaks unnoticed can sign for at most a month.
const KEY_MAX_AGE_S = 30 * DAY_S;
// Gateways keep the keys for 10 minutes, so all of them know a key before they see its tokens.
const ANNOUNCE_S = 15 * 60;
// A token is valid for at most 30 days (TOKEN_LIFETIME_S); a day more for clocks and caches.
const RETIRED_KEEP_S = 31 * DAY_S;

const ROUND_MS = 60_000;
const RETRY = { firstMs: 1_000, maxMs: ROUND_MS };

export interface RotationDeps {
  database: Pick<Database, 'transaction'>;
  cipher: KeyCipher;
}

/**
 * Creates the first key, announces the next one when the newest is a month old, lets it sign, and
 * removes keys whose tokens have expired. A lock serializes replicas; a run changes only what is due.
 * @throws AppError that names IDENTITY_SECRET, before any change, when it is not that of the keys
 */
export async function rotateKeys({ database, cipher }: RotationDeps): Promise<void> {
  await database.transaction(async (tx) => {
    await store.lockKeys(tx);
    await store.startAnnouncedKey(tx);
    await reencryptKeys(tx, cipher);
    const signing = await store.findSigningKey(tx);
    if (signing !== null) {
      await store.retireOtherKeys(tx, signing.id);
    }
    await store.deleteRetiredKeys(tx, RETIRED_KEEP_S);
    if (signing === null) {
      await store.insertKey(tx, { ...(await makeKey(cipher)), announceS: null });
    } else if (await store.areKeysOlder(tx, KEY_MAX_AGE_S)) {
      await store.insertKey(tx, { ...(await makeKey(cipher)), announceS: ANNOUNCE_S });
    }
  });
}

/**
 * Moves keys from the previous secret to ours. In each round: a replica that still has the secrets
 * the other way round may have made a key meanwhile. With another secret this replica would replace
 * keys that it cannot read, so that ends the round first.
 */
async function reencryptKeys(tx: Queryable, cipher: KeyCipher): Promise<void> {
  for (const { id, privateKey } of await store.listPrivateKeys(tx)) {
    if (!cipher.isOutdated(privateKey)) continue;
    await store.setPrivateKey(tx, id, cipher.encrypt(cipher.decrypt(privateKey)));
  }
}

/** Rotates the keys in the background. */
export function startKeyRotation(deps: RotationDeps, log: Logger): Loop {
  return startLoop({
    name: 'key rotation',
    log,
    retry: RETRY,
    firstInMs: ROUND_MS,
    async round() {
      await rotateKeys(deps);
      return ROUND_MS;
    },
  });
}

async function makeKey(cipher: KeyCipher) {
  const { alg, crv } = ALGORITHM;
  const pair = await generateKeyPair(alg, { crv, extractable: true });
  return {
    ...ALGORITHM,
    publicKey: JSON.stringify(await exportJWK(pair.publicKey)),
    privateKey: cipher.encrypt(JSON.stringify(await exportJWK(pair.privateKey))),
  };
}
