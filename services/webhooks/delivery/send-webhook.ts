import type { Logger } from 'pino';
import { backoffMs } from '#platform/async/backoff.ts';
import { describeError } from '#platform/errors.ts';
import { recordAudit } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { TextCipher } from '#platform/values/text-cipher.ts';
import type { ClaimedDelivery } from './claim-store.ts';
import type { PostWebhook, WebhookAnswer } from './post-webhook.ts';
import { disableGone, type Outcome, recordAttempt } from './record-store.ts';

// Doubling from 5 s to 4 h, each wait shortened by up to a half: 18 attempts take 13 to 26 hours.
export const RETRY = { firstMs: 5_000, maxMs: 4 * 3_600_000 };
export const ATTEMPTS_MAX = 18;
const GONE = 410;
const ERROR_LENGTH_MAX = 200;

export type AttemptOutcome = 'delivered' | 'retried' | 'dead';

export interface SendWebhookDeps {
  database: Database;
  cipher: TextCipher;
  post: PostWebhook;
  log: Logger;
  /** By the clock of the database: receivers refuse timestamps that are far from theirs. */
  now: () => Date;
  retry?: typeof RETRY;
  attemptsMax?: number;
  onRecorded?: (outcome: AttemptOutcome) => void;
  /** Whether each attempt has a line in the log. */
  logRequests?: boolean;
}

// The stop of this process says nothing about the receiver: the next process tries at once.
const CUT: Outcome = { state: 'queued', retryInMs: 0, uncounted: true };

type Result = { answer: WebhookAnswer; error: string | null } | { answer: null; error: string };

/** Tries a claimed delivery once and records what came of it. */
export async function sendWebhook(
  deps: SendWebhookDeps,
  delivery: ClaimedDelivery,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  const { answer, error } = await attempt(deps, delivery, signal);
  const durationMs = performance.now() - startedAt;
  const outcome =
    answer === null && signal.aborted
      ? CUT
      : outcomeOf(deps, delivery, { answer, error } as Result);
  const status = answer?.status ?? null;
  const record = { delivery, durationMs, status, error };
  if (status === GONE) await recordGone(deps, delivery, record);
  else await recordAttempt(deps.database, record, outcome);
  deps.onRecorded?.(outcome.state === 'queued' ? 'retried' : outcome.state);
  if (!deps.logRequests) return;
  const { id: deliveryId, endpointId, eventId, number } = delivery;
  const line = { deliveryId, endpointId, eventId, number, status, error };
  deps.log.info({ ...line, state: outcome.state }, 'webhook');
}

async function attempt(
  { cipher, post, now }: SendWebhookDeps,
  { url, secrets, eventId, body }: ClaimedDelivery,
  signal: AbortSignal,
): Promise<Result> {
  const decrypted = secrets.map(cipher.decrypt);
  const timestamp = Math.floor(now().getTime() / 1_000);
  try {
    const answer = await post(
      url,
      { id: eventId, timestamp, body },
      { secrets: decrypted, signal },
    );
    const success = answer.status >= 200 && answer.status < 300;
    return { answer, error: success ? null : `the receiver answered ${answer.status}` };
  } catch (error) {
    return { answer: null, error: describeError(error).slice(0, ERROR_LENGTH_MAX) };
  }
}

function outcomeOf(
  { retry = RETRY, attemptsMax = ATTEMPTS_MAX, now }: SendWebhookDeps,
  { count }: ClaimedDelivery,
  { answer, error }: Result,
): Outcome {
  if (error === null) return { state: 'delivered', retryInMs: 0 };
  if (answer?.status === GONE || count >= attemptsMax) return { state: 'dead', retryInMs: 0 };
  const askedMs = Math.min(retry.maxMs, retryAfterMs(answer?.retryAfter, now()));
  return { state: 'queued', retryInMs: Math.max(askedMs, backoffMs(count, retry)) };
}

/** Retry-After in seconds or as a date (RFC 9110 section 10.2.3); 0 for any other text. */
function retryAfterMs(text: string | undefined, now: Date): number {
  if (text === undefined) return 0;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now.getTime();
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

/** 410 is a receiver's own wish to get nothing more, so no other answer disables an endpoint. */
async function recordGone(
  { database, log }: SendWebhookDeps,
  { endpointId, url }: ClaimedDelivery,
  record: Parameters<typeof recordAttempt>[1],
): Promise<void> {
  const disabled = await database.transaction(async (tx) => {
    // Endpoint first, as redeliveries and replays lock them: the other order deadlocks with those.
    const done = await disableGone(tx, endpointId, url);
    await recordAttempt(tx, record, { state: 'dead', retryInMs: 0 });
    if (done) {
      await recordAudit(tx, {
        actor: null,
        action: 'disable-webhook-endpoint',
        subject: { endpointId },
        before: { state: 'enabled' },
        after: { state: 'disabled', reason: 'gone' },
      });
    }
    return done;
  });
  if (disabled) log.warn({ endpointId }, 'a receiver answered 410: its endpoint is disabled');
}
