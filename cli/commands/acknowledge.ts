import { EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId } from '../terminal/command-context.ts';
import { letterIdOf } from '../terminal/order-argument.ts';

// An operator decides that nothing is to be done about a failed letter or a dead letter.

/** The most ids of one request. */
const IDS_MAX = 100;

/** Acknowledges failed letters: they no longer count as something that needs attention. */
export async function acknowledge(
  context: CommandContext,
  { reason }: { reason: string },
  words: string[],
) {
  const ids: string[] = [];
  for (const word of words) ids.push(await letterIdOf(context, word));
  let acknowledged = 0;
  let refused = 0;
  for (const letterIds of partsOf(ids)) {
    const { body } = await context.call('acknowledgeLetters', { body: { letterIds, reason } });
    acknowledged += body.acknowledged;
    refused += body.refused;
  }
  context.show(JSON.stringify({ acknowledged, refused }), () =>
    linesOf(context.say('acknowledgedNow', acknowledged), refused, (count) =>
      context.say('acknowledgeRefused', count),
    ),
  );
  return refused > 0 ? EXIT.refused : EXIT.done;
}

/** Discards dead letters: they will never become letters. */
export async function discard(
  context: CommandContext,
  { reason }: { reason: string },
  words: string[],
) {
  const ids = words.map((word) => checkedId(context, word));
  let discarded = 0;
  let refused = 0;
  for (const deadLetterIds of partsOf(ids)) {
    const { body } = await context.call('discardMany', { body: { deadLetterIds, reason } });
    discarded += body.discarded;
    refused += body.refused;
  }
  context.show(JSON.stringify({ discarded, refused }), () =>
    linesOf(context.say('discardedNow', discarded), refused, (count) =>
      context.say('discardRefused', count),
    ),
  );
  return refused > 0 ? EXIT.refused : EXIT.done;
}

const linesOf = (done: string, refused: number, text: (count: number) => string): string =>
  refused === 0 ? done : `${done}\n${text(refused)}`;

/** Each id once. */
function partsOf(ids: string[]): string[][] {
  const once = [...new Set(ids.map((id) => id.toLowerCase()))];
  const count = Math.ceil(once.length / IDS_MAX);
  return Array.from({ length: count }, (_, at) => once.slice(at * IDS_MAX, (at + 1) * IDS_MAX));
}
