import { createHash } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { managedNonce } from '@noble/ciphers/utils.js';
import { AppError, commonProblems } from '../errors.ts';

/** Encrypts texts for the database. */
export type TextCipher = ReturnType<typeof createTextCipher>;

/** A text that another secret than ours has encrypted. */
export class OtherSecretError extends AppError {
  constructor(fault: string, cause: unknown) {
    super(commonProblems.internal, fault, { cause });
  }
}

/**
 * The form that better-auth 1.7 reads and writes (decision 22): XChaCha20-Poly1305 under the
 * SHA-256 of the secret, nonce first, in hexadecimal digits, as a JSON string.
 * @param options `previous`: another secret whose texts are read too, while the secret is replaced;
 *   `fault`: for people, when neither secret has encrypted a text
 */
export function createTextCipher(
  secret: string,
  { previous, fault }: { previous?: string | undefined; fault: string },
) {
  const own = cipherOf(secret);
  const other = previous === undefined ? null : cipherOf(previous);

  function decryptBy(stored: string) {
    try {
      const bytes = Buffer.from(JSON.parse(stored) as string, 'hex');
      try {
        return { text: Buffer.from(own.decrypt(bytes)).toString(), by: own };
      } catch (cause) {
        if (other === null) throw cause;
        return { text: Buffer.from(other.decrypt(bytes)).toString(), by: other };
      }
    } catch (cause) {
      throw new OtherSecretError(fault, cause);
    }
  }

  return {
    encrypt: (text: string) =>
      JSON.stringify(Buffer.from(own.encrypt(Buffer.from(text))).toString('hex')),
    /** @throws OtherSecretError when neither secret encrypted it */
    decrypt: (stored: string) => decryptBy(stored).text,
    /** Whether the other secret encrypted it. @throws OtherSecretError when neither did */
    isOutdated: (stored: string) => decryptBy(stored).by === other,
  };
}

const cipherOf = (secret: string) =>
  managedNonce(xchacha20poly1305)(createHash('sha256').update(secret).digest());
