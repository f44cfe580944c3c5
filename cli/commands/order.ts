import { type Command, Option } from 'commander';
import { type AmountViolation, amountAdvice } from '#contracts/amounts.ts';
import type { Money } from '#contracts/common.ts';
import { placeOrder, readJourney, readOrder, readOrders } from '#contracts/gateway.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { ApiError, CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, watch } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { type ItemFault, parseItem, readingsOf } from '../terminal/items.ts';
import { argumentOf } from '../terminal/money.ts';
import { type Repeating, repeatingOptions, repeatSafely } from '../terminal/retry.ts';
import { table } from '../terminal/screen.ts';
import { journeyText } from '../views/journey.ts';
import { limitOption, listPages } from '../views/list.ts';
import { orderRow, orderText } from '../views/order.ts';

type OtherFault = Exclude<ItemFault, `price-${AmountViolation}` | 'ambiguous'>;

/** Ordering, and looking at orders. */
export function addOrderCommands(program: Command, { say, run, example }: CommandRegistrar): void {
  const order = program
    .command('order')
    .description(say('order'))
    .argument('<item...>', say('argItem'));
  example(
    repeatingOptions(order, say).action(run(place)),
    'order "Книга:2@300"',
    'order "Книга:2@300" "Гвозди:x500@1" --key monday',
  );

  const orders = program
    .command('orders')
    .description(say('orders'))
    .addOption(
      new Option('--status <status>', `${say('optionStatus')}: Pending, Paid, Cancelled`).choices([
        'Pending',
        'Paid',
        'Cancelled',
      ]),
    )
    .option('--all', say('optionAllOrders'));
  example(limitOption(orders, say).action(run(listOrders)), 'orders --status Paid');

  example(
    program
      .command('show')
      .description(say('show'))
      .argument('<order>', say('argOrder'))
      .action(run(showOrder)),
    'show 0198c0de-0000-7000-8000-000000000000',
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
    if (answer.status !== 202) return undefined;
    process.stderr.write(`${[context.say('stillPending'), ...answer.again].join('\n')}\n`);
    return EXIT.pending;
  } catch (error) {
    if (error instanceof ApiError) error.hints.push(...refusalHints(context, error, words));
    throw error;
  }
}

/** The shortfall, and the commands that mend it. */
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

/** @throws CliError that names every faulty item */
function checkedItems(context: CommandContext, words: string[], currency: string): OrderItem[] {
  const faults: string[] = [];
  const items: OrderItem[] = [];
  for (const word of words) {
    const item = parseItem(word, currency);
    if (typeof item !== 'string') items.push(item);
    else faults.push(itemFaultText(context, item, word, currency));
  }
  if (faults.length > 0) throw new CliError(EXIT.usage, faults.join('\n'));
  return items;
}

function itemFaultText(
  context: CommandContext,
  fault: ItemFault,
  word: string,
  currency: string,
): string {
  if (fault === 'ambiguous') {
    const [asName = '', asQuantity = ''] = readingsOf(word);
    return context.say('item-ambiguous', word, asName, asQuantity);
  }
  const violation = /^price-(.*)$/.exec(fault)?.[1] as AmountViolation | undefined;
  if (violation === undefined) return context.say(`item-${fault as OtherFault}`, word);
  const text = word.slice(word.lastIndexOf('@') + 1);
  const { language } = context;
  return context.say('item-price', word, amountAdvice(violation, { text, currency, language }));
}

async function listOrders(
  context: CommandContext,
  { status, limit, all }: { status?: string; limit?: number; all?: true },
) {
  await listPages(context, {
    all: all === true,
    more: 'more',
    read: (cursor) => context.call(readOrders, { query: { status, limit, cursor } }),
    view: (orders) =>
      table(
        context,
        orders.map((order) => orderRow(context, order)),
      ),
  });
  return undefined;
}

async function showOrder(context: CommandContext, _options: unknown, id: string) {
  const answer = await context.call(readOrder, { params: { orderId: checkedId(context, id) } });
  context.show(answer.text, () => orderText(context, answer.body));
  return undefined;
}

async function showOwnJourney(
  context: CommandContext,
  { watch: goOn }: { watch?: true },
  id?: string,
) {
  const orderId = id === undefined ? await latestOrder(context) : checkedId(context, id);
  const read = () => context.call(readJourney, { params: { orderId } });
  await showJourney(context, goOn === true, read);
  return undefined;
}

async function latestOrder(context: CommandContext): Promise<string> {
  const { body } = await context.call(readOrders, { query: { limit: 1 } });
  const [latest] = body.data;
  if (latest === undefined) throw new CliError(EXIT.refused, context.say('noOrderYet'));
  return latest.id;
}

/** Prints a journey, once or until it is complete; for programs only the last state of it. */
export async function showJourney(
  context: CommandContext,
  goOn: boolean,
  read: () => ReturnType<typeof context.call<typeof readJourney>>,
): Promise<void> {
  let answer = await read();
  if (!goOn) {
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
