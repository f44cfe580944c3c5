import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
// Standard Webhooks asks for 24 to 64 bytes.
const SECRET_BYTES = 32;

/** A new secret of an endpoint. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** A message as its headers and its body say. */
export interface SignedMessage {
  id: string;
  /** Seconds since 1970, of the attempt. */
  timestamp: number;
  body: string;
}

/**
 * The header `webhook-signature` of Standard Webhooks: one signature for each secret, so that a
 * receiver may use either while they are rotated.
 */
export function signaturesOf({ id, timestamp, body }: SignedMessage, secrets: string[]): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    })
    .join(' ');
}
