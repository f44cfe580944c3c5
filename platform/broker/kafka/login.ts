import { AuthenticationError, type SASLOptions } from '@platformatic/kafka';
import type { OauthClient } from './oauth-token.ts';

/** How this service proves its identity to Kafka. */
export type Login =
  | {
      mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      username: string;
      password: string;
    }
  | { mechanism: 'OAUTHBEARER'; client: OauthClient };

/** The library's options for a login, and the name that it proves. */
export async function createLogin(login: Login): Promise<{ sasl: SASLOptions; user: string }> {
  if (login.mechanism !== 'OAUTHBEARER') return { sasl: login, user: login.username };
  // Loaded only where it is used: most clusters know their clients by passwords.
  const { createTokenSource } = await import('./oauth-token.ts');
  const { mechanism, client } = login;
  const sasl = { mechanism, token: createTokenSource(client), authBytesValidator: checkAnswer };
  return { sasl, user: client.clientId };
}

/**
 * A broker that refuses a token says so in the text of a successful answer (RFC 7628 section 3.2.2).
 * The library's own check reports such a login both as failed and as done.
 */
const checkAnswer: NonNullable<SASLOptions['authBytesValidator']> = (bytes, callback) => {
  if (bytes.length === 0) return callback(null, bytes);
  callback(new AuthenticationError(`token refused: ${bytes.toString().slice(0, ANSWER_MAX)}`));
};

const ANSWER_MAX = 200;
