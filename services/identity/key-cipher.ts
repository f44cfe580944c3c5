import { createTextCipher, type TextCipher } from '#platform/values/text-cipher.ts';

export { OtherSecretError } from '#platform/values/text-cipher.ts';

/** Encrypts the private keys of the tokens for the database. */
export type KeyCipher = TextCipher;

/** @param previous another secret whose texts are read too, while the secret is replaced */
export function createKeyCipher(secret: string, previous?: string): KeyCipher {
  const fault =
    'cannot sign tokens: neither IDENTITY_SECRET nor IDENTITY_SECRET_PREVIOUS is the one that ' +
    'encrypted the stored keys';
  return createTextCipher(secret, { previous, fault });
}
