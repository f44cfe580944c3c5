import type { Command } from 'commander';
import { type AmountViolation, amountAdvice } from '#contracts/amounts.ts';
import type { Money } from '#contracts/common.ts';
import { placeOrder, readJourney, readOrder, readOrders } from '#contracts/gateway.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { ApiError, CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, watch } from '../terminal/command-context.ts';
import { SOME_ID } from '../terminal/command-line.ts';
import { type CommandRegistrar, choiceOption } from '../terminal/command-registrar.ts';
import { type ItemViolation, parseItem, readingsOf } from '../terminal/items.ts';
import { argumentOf } from '../terminal/money.ts';
import { type Repeating, repeatingOptions, repeatSafely } from '../terminal/retry.ts';
import { journeyText } from '../views/journey.ts';
import { limitOption, showList } from '../views/list.ts';
import { orderRow, orderText } from '../views/order.ts';

type OtherViolation = Exclude<ItemViolation, `price-${AmountViolation}` | 'ambiguous'>;

const EXAMPLE = 'Книга:2@300';
const STATUSES = ['Pending', 'Paid', 'Cancelled'];

/** Placing orders and looking at them. */
export function addOrderCommands(program: Command, { say, run, example }: CommandRegistrar): void {
  const order = program
    .command('order')
    .description(say('order'))
    .argument('<item...>', say('argItem'));
  example(
    repeatingOptions(order, say).action(run(place)),
    `order "${EXAMPLE}"`,
    'order "Книга:2@300" "Гвозди:x500@1" --key monday',
  );

  const orders = program
    .command('orders')
    .description(say('orders'))
    .addOption(choiceOption('--status <status>', say('optionStatus'), STATUSES))
    .option('--all', say('optionAllOrders'));
  example(limitOption(orders, say).action(run(listOrders)), 'orders --status Paid');

  example(
    program
      .command('show')
      .description(say('show'))
      .argument('<order>', say('argOrder'))
      .action(run(showOrder)),
    `show ${SOME_ID}`,
  );

  example(
    program
      .command('journey')
      .description(say('journey'))
      .argument('[order]', say('argLatestOrder'))
      .option('--watch', say('optionWatch'))
      .action(run(showOwnJourney)),
    'journey --watch',
  );
}

async function place(context: CommandContext, options: Repeating, words: string[]) {
  const items = checkedItems(context, words, options.currency ?? context.currency);
  try {
    const command = ['order', ...words];
    const answer = await repeatSafely(context, options, command, (repetition) =>
      context.call(placeOrder, { ...repetition, body: { items } }),
    );
    context.show(answer.text, () => orderText(context, answer.body));
    if (answer.status !== 202) return EXIT.done;
    process.stderr.write(`${[context.say('stillPending'), ...answer.again].join('\n')}\n`);
    return EXIT.pending;
  } catch (error) {
    if (error instanceof ApiError) error.hints.push(...refusalHints(context, error, words));
    throw error;
  }
}

/** The shortfall, and the commands that top up and order again. */
function refusalHints(context: CommandContext, { problem }: ApiError, words: string[]): string[] {
  const { balance, required, shortfall, order } = problem;
  const hints = order ? [`${context.say('orderId')} ${order.id}: ${order.statusLabel}`] : [];
  if (balance === undefined || required === undefined || shortfall === undefined) return hints;
  const amounts = [balance, required, shortfall].map((money: Money) => context.money(money));
  const topUp = context.again('top-up', argumentOf(shortfall));
  return [
    ...hints,
    context.say('shortage', ...amounts),
    context.say('topUpAndOrder'),
    `  ${topUp} && ${context.again('order', ...words)}`,
  ];
}

/** @throws CliError that names every invalid item */
function checkedItems(context: CommandContext, words: string[], currency: string): OrderItem[] {
  const violations: string[] = [];
  const items: OrderItem[] = [];
  for (const word of words) {
    const item = parseItem(word, currency);
    if (typeof item !== 'string') items.push(item);
    else violations.push(itemViolationText(context, item, word, currency));
  }
  if (violations.length > 0) throw new CliError(EXIT.usage, violations.join('\n'));
  return items;
}

function itemViolationText(
  context: CommandContext,
  violation: ItemViolation,
  word: string,
  currency: string,
): string {
  if (violation === 'ambiguous') {
    const [asName = '', asQuantity = ''] = readingsOf(word);
    return context.say('item-ambiguous', word, asName, asQuantity);
  }
  const ofPrice = /^price-(.*)$/.exec(violation)?.[1] as AmountViolation | undefined;
  if (ofPrice === undefined) return context.say(`item-${violation as OtherViolation}`, word);
  const text = word.slice(word.lastIndexOf('@') + 1);
  const { language } = context;
  return context.say('item-price', word, amountAdvice(ofPrice, { text, currency, language }));
}

async function listOrders(
  context: CommandContext,
  { status, limit, all }: { status?: string; limit?: number; all?: true },
) {
  await showList(context, {
    all: all === true,
    read: (cursor) => context.call(readOrders, { query: { status, limit, cursor } }),
    row: orderRow,
  });
}

async function showOrder(context: CommandContext, _options: unknown, id: string) {
  const answer = await context.call(readOrder, { params: { orderId: checkedId(context, id) } });
  context.show(answer.text, () => orderText(context, answer.body));
}

async function showOwnJourney(
  context: CommandContext,
  { watch: follow }: { watch?: true },
  id?: string,
) {
  const orderId = id === undefined ? await latestOrder(context) : checkedId(context, id);
  const read = () => context.call(readJourney, { params: { orderId } });
  await showJourney(context, follow === true, read);
}

async function latestOrder(context: CommandContext): Promise<string> {
  const { body } = await context.call(readOrders, { query: { limit: 1 } });
  const [latest] = body.data;
  if (latest === undefined)
    throw new CliError(EXIT.refused, context.say('noOrderYet', context.again('order', EXAMPLE)));
  return latest.id;
}

/** Prints a journey, once or until it is complete; its JSON is printed once, at the end. */
export async function showJourney(
  context: CommandContext,
  follow: boolean,
  read: () => ReturnType<typeof context.call<typeof readJourney>>,
): Promise<void> {
  let answer = await read();
  if (!follow) {
    context.show(answer.text, () => journeyText(context, answer.body));
    return;
  }
  let first = true;
  const shown = { ...context, print: context.json ? () => {} : context.print };
  await watch(shown, async () => {
    if (!first) answer = await read();
    first = false;
    return { view: journeyText(context, answer.body), last: answer.body.complete };
  });
  if (context.json) context.print(answer.text.trim());
}
