import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookDelivery } from '#contracts/webhooks.ts';
import { ApiError, CliError, EXIT, type ExitCode } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, jsonArray, SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar, Handler } from '../terminal/command-registrar.ts';
import { orderIdOf } from '../terminal/order-argument.ts';
import { listOf, showOf } from '../views/list.ts';
import { deliveryList, deliveryText, outcomeText } from '../views/webhook.ts';

// A receiver has 15 s to answer, and the attempt may wait for others.
const OUTCOME_WAIT_MS = 30_000;
const POLL_MS = 250;
const STATES = ['queued', 'delivering', 'delivered', 'dead'];

/** Tests, replays and deliveries of webhooks. */
export function addWebhookDeliveryCommands(registrar: CommandRegistrar): void {
  const { add, choice, limit, moment, option } = registrar;
  const example = (words: string) => [`operator webhooks ${words}`];
  add('test <endpoint>', 'webhookTest', sendTest, example(`test ${SOME_ID}`));
  const since = moment('--since <time>', 'optionReplaySince').makeOptionMandatory();
  const replayExample = example(`replay ${SOME_ID} --since 2026-03-05T09:00`);
  add('replay <endpoint>', 'webhookReplay', replay, replayExample, [since]);
  const list = hinting(deliveries);
  add('deliveries', 'webhookDeliveries', list, example('deliveries --state dead'), [
    option('--endpoint <id>', 'optionEndpoint'),
    choice('--state <state>', 'optionState', STATES),
    option('--order <order>', 'optionOfOrder'),
    limit(),
  ]);
  const show = showOf('readWebhookDelivery', 'deliveryId', deliveryText);
  add('delivery <delivery>', 'webhookDelivery', show, example(`delivery ${SOME_ID}`));
  const redeliverExample = example(`redeliver ${SOME_ID}`);
  add('redeliver <delivery>', 'webhookRedeliver', redeliver, redeliverExample);
}

/** Says that there may be no webhooks at all where the operation itself is not found. */
export function hinting(handler: Handler): Handler {
  return async (context, ...given) => {
    try {
      return await handler(context, ...given);
    } catch (error) {
      if (error instanceof ApiError && error.problem.code === 'not-found') {
        error.hints.push(context.say('noWebhooks'));
      }
      throw error;
    }
  };
}

const listDeliveries = listOf('readWebhookDeliveries', deliveryList);

const deliveries: Handler = async (context, { endpoint, order, ...query }) => {
  const endpointId = endpoint && checkedId(context, endpoint);
  const orderId = order && (await orderIdOf(context, order));
  return listDeliveries(context, { ...query, endpointId, orderId });
};

async function sendTest(context: CommandContext, _options: unknown, id: string) {
  const params = { endpointId: checkedId(context, id) };
  const { body } = await context.call('sendTestWebhook', { params });
  return showOutcome(context, body.id, 0);
}

async function redeliver(context: CommandContext, _options: unknown, id: string) {
  const params = { deliveryId: checkedId(context, id) };
  const { body } = await context.call('readWebhookDelivery', { params });
  await context.call('redeliverOne', { params });
  return showOutcome(context, id, lastAttemptOf(body));
}

/** The API lists the latest 50 attempts, so their count does not show a new one. */
const lastAttemptOf = ({ attempts }: WebhookDelivery): number => attempts.at(-1)?.number ?? 0;

/** Waits for the attempt after `since`, and prints what became of it. */
async function showOutcome(
  context: CommandContext,
  deliveryId: string,
  since: number,
): Promise<ExitCode> {
  const end = performance.now() + OUTCOME_WAIT_MS;
  for (;;) {
    const { body, text } = await context.call('readWebhookDelivery', { params: { deliveryId } });
    if (body.state !== 'delivering' && lastAttemptOf(body) > since) {
      context.show(text, () => outcomeText(context, body));
      return body.state === 'delivered' ? EXIT.done : EXIT.refused;
    }
    if (performance.now() > end) {
      const look = context.again('operator', 'webhooks', 'delivery', deliveryId);
      throw new CliError(EXIT.noAnswer, context.say('webhookWaiting', look));
    }
    await sleep(POLL_MS);
  }
}

/** Each answer covers up to 5000 events. */
async function replay(context: CommandContext, { since: asked }: { since: string }, id: string) {
  const params = { endpointId: checkedId(context, id) };
  const texts: string[] = [];
  let queued = 0;
  let first: string | undefined;
  let since: string | null = asked;
  const send = (body: { since: string }) =>
    context.call('replayWebhooks', { params, body }).catch((error: unknown) => {
      throw texts.length === 0 ? error : withRest(context, error, id, body.since);
    });
  while (since !== null) {
    const { body, text }: Awaited<ReturnType<typeof send>> = await send({ since });
    texts.push(text);
    queued += body.queued;
    first ??= body.since;
    // Of a moment with more events than one answer covers, the rest cannot be reached.
    since = body.next === since ? null : body.next;
  }
  context.show(jsonArray(texts), () => {
    const lines = [context.say('webhooksQueued', queued)];
    if (first !== undefined && Date.parse(first) > Date.parse(asked)) {
      lines.push(context.say('webhooksLater', context.moment(first)));
    }
    return lines.join('\n');
  });
}

/** Adds the command that goes on where a replay has stopped. */
function withRest(context: CommandContext, error: unknown, id: string, since: string): unknown {
  if (error instanceof CliError) {
    const command = context.again('operator', 'webhooks', 'replay', id, '--since', since);
    error.hints.push(context.say('replayRest'), `  ${command}`);
  }
  return error;
}
