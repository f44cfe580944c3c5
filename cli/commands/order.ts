import { type Command, Option } from 'commander';
import { type AmountViolation, amountAdvice } from '#contracts/amounts.ts';
import type { Money } from '#contracts/common.ts';
import { placeOrder, readJourney, readOrder, readOrders } from '#contracts/gateway.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { CliError, EXIT, Refusal } from '../client/exit-codes.ts';
import { checkedId, type Shell, watch } from '../terminal/command-context.ts';
import type { Declaring } from '../terminal/command-registrar.ts';
import { type ItemFault, parseItem, readingsOf } from '../terminal/items.ts';
import { argumentOf } from '../terminal/money.ts';
import { type Repeating, repeatingOptions, repeatSafely } from '../terminal/retry.ts';
import { table } from '../terminal/screen.ts';
import { journeyText } from '../views/journey.ts';
import { limitOption, listPages } from '../views/list.ts';
import { orderRow, orderText } from '../views/order.ts';

type OtherFault = Exclude<ItemFault, `price-${AmountViolation}` | 'ambiguous'>;

/** Ordering, and looking at orders. */
export function addOrderCommands(program: Command, { say, run, example }: Declaring): void {
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

async function place(shell: Shell, options: Repeating, words: string[]) {
  const items = checkedItems(shell, words, options.currency ?? shell.currency);
  try {
    const command = ['order', ...words];
    const answer = await repeatSafely(shell, options, command, (repetition) =>
      shell.call(placeOrder, { ...repetition, body: { items } }),
    );
    shell.show(answer.text, () => orderText(shell, answer.body));
    if (answer.status !== 202) return undefined;
    process.stderr.write(`${[shell.say('stillPending'), ...answer.again].join('\n')}\n`);
    return EXIT.pending;
  } catch (error) {
    if (error instanceof Refusal) error.hints.push(...refusalHints(shell, error, words));
    throw error;
  }
}

/** The shortfall, and the commands that mend it. */
function refusalHints(shell: Shell, { problem }: Refusal, words: string[]): string[] {
  const { balance, required, shortfall, order } = problem;
  const hints = order ? [`${shell.say('orderId')} ${order.id}: ${order.statusLabel}`] : [];
  if (balance === undefined || required === undefined || shortfall === undefined) return hints;
  const amounts = [balance, required, shortfall].map((money: Money) => shell.money(money));
  const topUp = shell.again('top-up', argumentOf(shortfall));
  return [
    ...hints,
    shell.say('shortage', ...amounts),
    shell.say('topUpAndOrder'),
    `  ${topUp} && ${shell.again('order', ...words)}`,
  ];
}

/** @throws CliError that names every faulty item */
function checkedItems(shell: Shell, words: string[], currency: string): OrderItem[] {
  const faults: string[] = [];
  const items: OrderItem[] = [];
  for (const word of words) {
    const item = parseItem(word, currency);
    if (typeof item !== 'string') items.push(item);
    else faults.push(itemFaultText(shell, item, word, currency));
  }
  if (faults.length > 0) throw new CliError(EXIT.usage, faults.join('\n'));
  return items;
}

function itemFaultText(shell: Shell, fault: ItemFault, word: string, currency: string): string {
  if (fault === 'ambiguous') {
    const [asName = '', asQuantity = ''] = readingsOf(word);
    return shell.say('item-ambiguous', word, asName, asQuantity);
  }
  const violation = /^price-(.*)$/.exec(fault)?.[1] as AmountViolation | undefined;
  if (violation === undefined) return shell.say(`item-${fault as OtherFault}`, word);
  const text = word.slice(word.lastIndexOf('@') + 1);
  const { language } = shell;
  return shell.say('item-price', word, amountAdvice(violation, { text, currency, language }));
}

async function listOrders(
  shell: Shell,
  { status, limit, all }: { status?: string; limit?: number; all?: true },
) {
  await listPages(shell, {
    all: all === true,
    more: 'more',
    read: (cursor) => shell.call(readOrders, { query: { status, limit, cursor } }),
    view: (orders) =>
      table(
        shell,
        orders.map((order) => orderRow(shell, order)),
      ),
  });
  return undefined;
}

async function showOrder(shell: Shell, _options: unknown, id: string) {
  const answer = await shell.call(readOrder, { params: { orderId: checkedId(shell, id) } });
  shell.show(answer.text, () => orderText(shell, answer.body));
  return undefined;
}

async function showOwnJourney(shell: Shell, { watch: goOn }: { watch?: true }, id?: string) {
  const orderId = id === undefined ? await latestOrder(shell) : checkedId(shell, id);
  const read = () => shell.call(readJourney, { params: { orderId } });
  await showJourney(shell, goOn === true, read);
  return undefined;
}

async function latestOrder(shell: Shell): Promise<string> {
  const { body } = await shell.call(readOrders, { query: { limit: 1 } });
  const [latest] = body.data;
  if (latest === undefined) throw new CliError(EXIT.refused, shell.say('noOrderYet'));
  return latest.id;
}

/** Prints a journey, once or until it is complete; for programs only the last state of it. */
export async function showJourney(
  shell: Shell,
  goOn: boolean,
  read: () => ReturnType<typeof shell.call<typeof readJourney>>,
): Promise<void> {
  let answer = await read();
  if (!goOn) {
    shell.show(answer.text, () => journeyText(shell, answer.body));
    return;
  }
  let first = true;
  const shown = { ...shell, print: shell.json ? () => {} : shell.print };
  await watch(shown, async () => {
    if (!first) answer = await read();
    first = false;
    return { view: journeyText(shell, answer.body), last: answer.body.complete };
  });
  if (shell.json) shell.print(answer.text.trim());
}
