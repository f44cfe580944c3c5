import { createHash } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { managedNonce } from '@noble/ciphers/utils.js';
import { AppError, commonProblems } from '#platform/errors.ts';

/** Encrypts the private keys of the tokens for the database. */
export type KeyCipher = ReturnType<typeof createKeyCipher>;

/** A private key that another secret than ours has encrypted. */
export class OtherSecretError extends AppError {
  constructor(cause: unknown) {
    super(
      commonProblems.internal,
      'cannot sign tokens: neither IDENTITY_SECRET nor IDENTITY_SECRET_PREVIOUS is the one that ' +
        'encrypted the stored keys',
      { cause },
    );
  }
}

/**
 * The form that better-auth 1.7 reads and writes (decision 22): XChaCha20-Poly1305 under the
 * SHA-256 of the secret, nonce first, in hexadecimal digits, as a JSON string.
 * @param previous another secret whose texts are read too, while the secret is replaced
 */
export function createKeyCipher(secret: string, previous?: string) {
  const [own, other] = [cipherOf(secret), previous === undefined ? null : cipherOf(previous)];
  return {
    encrypt: (text: string) =>
      JSON.stringify(Buffer.from(own.encrypt(Buffer.from(text))).toString('hex')),
    /** @throws OtherSecretError when neither secret encrypted it */
    decrypt: (stored: string) => decryptBy(own, other, stored).text,
    /** Whether the other secret encrypted it. @throws OtherSecretError when neither did */
    isOutdated: (stored: string) => decryptBy(own, other, stored).by === other,
  };
}

const cipherOf = (secret: string) =>
  managedNonce(xchacha20poly1305)(createHash('sha256').update(secret).digest());

type Cipher = ReturnType<typeof cipherOf>;

function decryptBy(own: Cipher, other: Cipher | null, stored: string) {
  try {
    const bytes = Buffer.from(JSON.parse(stored) as string, 'hex');
    try {
      return { text: Buffer.from(own.decrypt(bytes)).toString(), by: own };
    } catch (cause) {
      if (other === null) throw cause;
      return { text: Buffer.from(other.decrypt(bytes)).toString(), by: other };
    }
  } catch (cause) {
    throw new OtherSecretError(cause);
  }
}
