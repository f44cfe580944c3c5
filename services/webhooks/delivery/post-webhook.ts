import { Agent, request } from 'undici';
import { startTimeout } from '#platform/async/timeout.ts';
import { type AddressGuard, guardedConnector } from '../address/guarded-lookup.ts';
import { type SignedMessage, signaturesOf } from './sign.ts';

// A receiver that needs longer should answer first and work afterwards.
const ATTEMPT_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
const HEADER_BYTES_MAX = 16 * 1024;
// Only the status counts. A longer body costs its connection.
const ANSWER_BYTES_MAX = 16 * 1024;
const KEEP_ALIVE_MS = 10_000;

/** The answer of a receiver. */
export interface WebhookAnswer {
  status: number;
  retryAfter: string | undefined;
}

/** Sends a message to a URL. @throws Error without an answer in time */
export type PostWebhook = (
  url: string,
  message: SignedMessage,
  options: { secrets: string[]; signal: AbortSignal },
) => Promise<WebhookAnswer>;

/** A sender that follows no redirect, and reaches public addresses only. */
export function createPostWebhook(guard: AddressGuard, timeoutMs = ATTEMPT_TIMEOUT_MS) {
  // Its connections have no limit of their own: that would be one for all endpoints of a host, and a
  // path that hangs would hold the others. The worker limits the attempts at each endpoint.
  const agent = new Agent({
    connect: guardedConnector(guard, { timeoutMs: Math.min(CONNECT_TIMEOUT_MS, timeoutMs) }),
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A receiver may ask for less, not for more.
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  });
  const post: PostWebhook = async (url, message, { secrets, signal }) => {
    const timeout = startTimeout(timeoutMs);
    try {
      const { statusCode, headers, body } = await request(url, {
        method: 'POST',
        dispatcher: agent,
        signal: AbortSignal.any([signal, timeout.signal()]),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Orderbell-Webhooks/1',
          'webhook-id': message.id,
          'webhook-timestamp': String(message.timestamp),
          'webhook-signature': signaturesOf(message, secrets),
        },
        body: message.body,
      });
      // The answer is there: what becomes of its body changes nothing.
      await body.dump({ limit: ANSWER_BYTES_MAX }).catch(() => {});
      return { status: statusCode, retryAfter: headers['retry-after']?.toString() };
    } finally {
      timeout.clear();
    }
  };
  return { post, close: () => agent.destroy() };
}
