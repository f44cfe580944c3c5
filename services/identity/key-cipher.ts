import { createHash } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { managedNonce } from '@noble/ciphers/utils.js';
import { AppError, commonProblems } from '#platform/errors.ts';

/** Encrypts the private keys of the tokens for the database. */
export type KeyCipher = ReturnType<typeof createKeyCipher>;

/**
 * The form that better-auth 1.7 reads and writes (decision 22): XChaCha20-Poly1305 under the
 * SHA-256 of the secret, nonce first, in hexadecimal digits, as a JSON string.
 */
export function createKeyCipher(secret: string) {
  const cipher = managedNonce(xchacha20poly1305)(createHash('sha256').update(secret).digest());
  return {
    encrypt: (text: string) =>
      JSON.stringify(Buffer.from(cipher.encrypt(Buffer.from(text))).toString('hex')),
    /** @throws AppError that names IDENTITY_SECRET when another one encrypted it */
    decrypt(stored: string) {
      try {
        const bytes = Buffer.from(JSON.parse(stored) as string, 'hex');
        return Buffer.from(cipher.decrypt(bytes)).toString();
      } catch (cause) {
        const text =
          'cannot sign tokens: IDENTITY_SECRET is not the one that encrypted the stored keys';
        throw new AppError(commonProblems.internal, text, { cause });
      }
    },
  };
}
