import { importJWK, SignJWT } from 'jose';
import type { AccessToken } from '#contracts/identity.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { StoredAccount } from './accounts-store.ts';
import type { KeyCipher } from './key-cipher.ts';
import { ALGORITHM, rotateKeys } from './key-rotation.ts';
import * as store from './keys-store.ts';

export type AccessTokens = ReturnType<typeof createAccessTokens>;

export function createAccessTokens(options: {
  database: Pick<Database, 'query' | 'transaction'>;
  cipher: KeyCipher;
  issuer: string;
  audience: string;
  lifetimeS: number;
}) {
  const { database, cipher, issuer, audience, lifetimeS } = options;

  /** Makes a key where there is none: an operator deletes keys that have leaked. */
  async function findSigningKey(): Promise<store.SigningKeyRow> {
    const found = await store.findSigningKey(database);
    if (found !== null) return found;
    await rotateKeys(options);
    const made = await store.findSigningKey(database);
    if (made === null) throw new AppError(commonProblems.unavailable, 'the signing key vanished');
    return made;
  }

  return {
    /** @param sessionId the claim `sid`, by which gateways refuse the tokens of ended sessions */
    async sign(
      { id, role }: Pick<StoredAccount, 'id' | 'role'>,
      sessionId: string,
    ): Promise<AccessToken> {
      const key = await findSigningKey();
      const privateKey = await importJWK(JSON.parse(cipher.decrypt(key.privateKey)), ALGORITHM.alg);
      const claims = {
        sub: id,
        sid: sessionId,
        // By the clock of the database, so that the tokens of all replicas agree.
        iat: key.nowS,
        exp: key.nowS + lifetimeS,
        ...(role === 'operator' && { scope: 'operator' }),
        iss: issuer,
        aud: audience,
      };
      const accessToken = await new SignJWT(claims)
        .setProtectedHeader({ alg: ALGORITHM.alg, kid: key.id })
        .sign(privateKey);
      return { accessToken, tokenType: 'Bearer', expiresIn: lifetimeS };
    },
    /** Public keys, also of the tokens that other replicas sign. */
    async getKeys() {
      await findSigningKey();
      const rows = await store.listPublicKeys(database);
      return {
        keys: rows.map(({ id, publicKey, alg, crv }) => ({
          alg,
          crv,
          ...JSON.parse(publicKey),
          kid: id,
          use: 'sig',
        })),
      };
    },
  };
}
