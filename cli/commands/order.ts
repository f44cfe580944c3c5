import { type AmountViolation, amountAdvice } from '#contracts/amounts.ts';
import type { Money } from '#contracts/common.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { ApiError, CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, SOME_ID, SOME_NUMBER, watch } from '../terminal/command-context.ts';
import type { CommandRegistrar, Handler } from '../terminal/command-registrar.ts';
import { type ItemViolation, parseItem, readingsOf } from '../terminal/items.ts';
import { letterIdOf, orderIdOf } from '../terminal/order-argument.ts';
import { printError, printJson } from '../terminal/output.ts';
import { type Repeating, repeatingOptions, repeatSafely } from '../terminal/retry.ts';
import { argumentOf } from '../terminal/screen.ts';
import { journeyText } from '../views/journey.ts';
import { letterText, ownLetters } from '../views/letter.ts';
import { listOf, showOf } from '../views/list.ts';
import { numberText, orderText, ownOrders } from '../views/order.ts';

type OtherViolation = Exclude<ItemViolation, `price-${AmountViolation}` | 'ambiguous'>;

const EXAMPLE = 'Книга:2@300';
const STATUSES = ['Pending', 'Paid', 'Cancelled'];

/** Placing orders; looking at them and at their letters. */
export function addOrderCommands(registrar: CommandRegistrar): void {
  const { add, choice, limit, option } = registrar;
  const examples = [`order "${EXAMPLE}"`, 'order "Книга:2@300" "Гвозди:x500@1" --key monday'];
  add('order <item...>', 'order', place, examples, repeatingOptions(registrar));
  const list = listOf('readOrders', ownOrders, { more: 'more' });
  add(
    'orders',
    'orders',
    list,
    ['orders --status Paid'],
    [
      choice('--status <status>', 'optionStatus', STATUSES),
      option('--all', 'optionAllOrders'),
      limit(),
    ],
  );
  const show = showOf('readOrder', 'orderId', orderText, orderIdOf);
  add('show <order>', 'show', show, [`show ${SOME_ID}`, `show ${SOME_NUMBER}`]);
  const follow = option('--watch', 'optionWatch');
  add('journey [order]', 'journey', journeyOf('readJourney'), ['journey --watch'], [follow]);
  add('letters', 'letters', listOf('readLetters', ownLetters), ['letters --limit 5'], [limit()]);
  const letter = showOf('readLetter', 'letterId', letterText, letterIdOf);
  add('letter <letter>', 'letter', letter, [`letter ${SOME_ID}`, `letter ${SOME_NUMBER}`]);
}

async function place(context: CommandContext, options: Repeating, words: string[]) {
  const items = checkedItems(context, words, options.currency ?? context.currency);
  try {
    const command = ['order', ...words];
    const answer = await repeatSafely(context, options, command, (repetition) =>
      context.call('placeOrder', { ...repetition, body: { items } }),
    );
    context.show(answer.text, () => orderText(context, answer.body));
    if (answer.status !== 202) return EXIT.done;
    printError([context.say('stillPending'), ...answer.again].join('\n'));
    return EXIT.pending;
  } catch (error) {
    if (error instanceof ApiError) error.hints.push(...refusalHints(context, error, words));
    throw error;
  }
}

/** The shortfall, and the commands that top up and order again. */
function refusalHints(context: CommandContext, { problem }: ApiError, words: string[]): string[] {
  const { balance, required, shortfall, order } = problem;
  const hints = order
    ? [`${numberText(context, order.id)} (${order.id}): ${order.statusLabel}`]
    : [];
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

async function latestOrder(context: CommandContext): Promise<string> {
  const { body } = await context.call('readOrders', { query: { limit: 1 } });
  const [latest] = body.data;
  if (latest === undefined)
    throw new CliError(EXIT.refused, context.say('noOrderYet', context.again('order', EXAMPLE)));
  return latest.id;
}

/**
 * The handler that prints a journey, once or until it is complete; its JSON is printed once, at the
 * end. Without an id it is that of the customer's latest order.
 */
export function journeyOf(operation: 'readJourney' | 'readAnyJourney'): Handler {
  return async (context, { watch: follow }: { watch?: true }, id?: string) => {
    const orderId = id === undefined ? await latestOrder(context) : await orderIdOf(context, id);
    const params = { orderId };
    let answer = await context.call(operation, { params });
    if (!follow) {
      context.show(answer.text, () => journeyText(context, answer.body));
      return;
    }
    let first = true;
    const shown = { ...context, print: context.json ? () => {} : context.print };
    await watch(shown, async () => {
      if (!first) answer = await context.call(operation, { params, former: answer });
      first = false;
      return { view: journeyText(context, answer.body), last: answer.body.complete };
    });
    if (context.json) printJson(answer.text);
  };
}
