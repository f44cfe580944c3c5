import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorLetter } from '#contracts/notifications.ts';
import { ApiError, CliError, EXIT, type ExitCode } from '../client/exit-codes.ts';
import { type CommandContext, jsonArray } from '../terminal/command-context.ts';
import { letterIdOf } from '../terminal/order-argument.ts';
import { numberText } from '../views/order.ts';

const POLL_MS = 250;

/** A letter that is sent again, and what is known of it. */
interface Resent {
  word: string;
  /** Null where the API refused it. */
  letter: OperatorLetter | null;
  /** The answer of the API as it came. */
  json: string;
  error?: CliError;
  /** The number of the last attempt before. */
  since: number;
}

/**
 * Sends letters again, and waits until each of them is sent or has failed.
 * @param waitMs for all of them together; 0 returns at once
 */
export async function resendOf(
  context: CommandContext,
  words: string[],
  waitMs: number,
): Promise<ExitCode> {
  const all: Resent[] = [];
  for (const word of new Set(words)) all.push(await start(context, word));
  const [only] = all;
  // One letter's refusal ends the command as any other refusal.
  if (all.length === 1 && only?.error !== undefined) throw only.error;
  const end = performance.now() + waitMs;
  while (waitMs > 0 && all.some(isOpen)) {
    for (const resent of all.filter(isOpen)) await look(context, resent);
    if (performance.now() > end) break;
    if (all.some(isOpen)) await sleep(POLL_MS);
  }
  const texts = all.map(({ json }) => json);
  context.show(all.length === 1 ? (texts[0] as string) : jsonArray(texts), () =>
    all.map((resent) => resentText(context, resent, waitMs > 0)).join('\n'),
  );
  if (all.some(({ error, letter }) => error !== undefined || letter?.state === 'failed')) {
    return EXIT.refused;
  }
  return waitMs > 0 && all.some(({ letter }) => letter?.state !== 'sent')
    ? EXIT.noAnswer
    : EXIT.done;
}

async function start(context: CommandContext, word: string): Promise<Resent> {
  try {
    const params = { letterId: await letterIdOf(context, word) };
    const { body, text } = await context.call('resendAnyLetter', { params });
    return { word, letter: body, json: text, since: lastAttemptOf(body) };
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === EXIT.signedOut) throw error;
    const json = error instanceof ApiError ? error.text : JSON.stringify({ error: error.message });
    return { word, letter: null, json, error, since: 0 };
  }
}

/** The API lists the latest 50 attempts, so their count does not show a new one. */
const lastAttemptOf = ({ attempts }: OperatorLetter): number => attempts.at(-1)?.number ?? 0;

/** Whether the attempt is still to come. A letter may wait again after it has failed for now. */
function isOpen({ letter, since }: Resent): boolean {
  if (letter === null || letter.state === 'sent' || letter.state === 'failed') return false;
  return letter.state === 'sending' || lastAttemptOf(letter) <= since;
}

async function look(context: CommandContext, resent: Resent): Promise<void> {
  const params = { letterId: (resent.letter as OperatorLetter).id };
  const { body, text } = await context.call('readAnyLetter', { params });
  resent.letter = body;
  resent.json = text;
}

function resentText(context: CommandContext, resent: Resent, waited: boolean): string {
  const { error, letter, word } = resent;
  const { paint, say } = context;
  if (letter === null) return paint('red', say('resendRefused', word, error?.message ?? ''));
  const name = numberText(context, letter.orderId);
  if (!waited) return say('resent', name);
  const { nextAttemptAt, reason, state } = letter;
  if (state === 'sent') return paint('green', say('resentSent', name));
  if (state === 'failed') return paint('red', say('resentFailed', name, reason ?? ''));
  if (isOpen(resent)) {
    const command = context.again('operator', 'letter', letter.id);
    return paint('yellow', say('resentOpen', name, command));
  }
  const next = nextAttemptAt ? ` ${say('webhookNext', context.moment(nextAttemptAt))}` : '';
  return paint('yellow', say('resentLater', name, reason ?? '') + next);
}
