import { type IdRange, idsOfNumber, idsOfPrefix, orderNumberOf } from '#contracts/order-number.ts';
import { UUID } from '#contracts/patterns.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, SOME_ID } from './command-context.ts';

// People give an order as its id, the beginning of it, its short number or a link to its page.

interface Found {
  id: string;
  createdAt: string | null;
}

/** The customer's own orders are looked through so far; an operator has a search. */
const OWN_PAGES_MAX = 10;
const PAGE = 100;
const SHOWN = 10;
/** `No. 7K3QX-0M2RT`, `№ 7K3QX-0M2RT`, `#7K3QX-0M2RT` */
const SIGN = /^(?:№|no\.|#)\s*/i;
const LINKED_UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i;

/**
 * The id of the order that a text names.
 * @throws CliError for a text that names no order, or several
 */
export async function orderIdOf(context: CommandContext, given: string): Promise<string> {
  const text = given.trim().replace(SIGN, '');
  if (UUID.test(text)) return text;
  const linked = text.includes('/') ? LINKED_UUID.exec(text)?.[0] : undefined;
  if (linked !== undefined) return linked;
  const range = idsOfNumber(text) ?? idsOfPrefix(text);
  if (range === null) throw new CliError(EXIT.usage, context.say('badOrder', given, SOME_ID));
  const found = await (context.role === 'operator'
    ? searchOrders(context, text)
    : ownOrders(context, range));
  const [order, ...others] = found;
  if (order === undefined) throw new CliError(EXIT.refused, context.say('noOrder', given));
  if (others.length === 0) return order.id;
  const lines = found.slice(0, SHOWN).map(({ createdAt, id }) => {
    const moment = createdAt === null ? '' : context.moment(createdAt);
    return `  ${orderNumberOf(id) ?? ''}  ${id}  ${moment}`.trimEnd();
  });
  throw new CliError(EXIT.refused, context.say('severalOrders', given), lines);
}

async function searchOrders(context: CommandContext, text: string): Promise<Found[]> {
  const { data, unavailable } = (await context.call('search', { query: { q: text } })).body;
  const orders = data.filter(({ kind }) => kind === 'order');
  if (orders.length === 0 && unavailable.includes('orders')) {
    throw new CliError(EXIT.noAnswer, context.say('missingParts', 'orders'));
  }
  return orders.map(({ at, id }) => ({ id, createdAt: at }));
}

/** Ids begin with their time, and the list is in falling order of them. */
async function ownOrders(context: CommandContext, { first, last }: IdRange): Promise<Found[]> {
  const found: Found[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < OWN_PAGES_MAX; page++) {
    const { body } = await context.call('readOrders', { query: { limit: PAGE, cursor } });
    found.push(...body.data.filter(({ id }) => first <= id && id <= last));
    const oldest = body.data.at(-1);
    if (body.nextCursor === null || oldest === undefined || oldest.id < first) break;
    cursor = body.nextCursor;
  }
  return found;
}

/**
 * The id of a letter, given as it is, or as its order in any form but the whole id.
 * @throws CliError for a text that names no letter
 */
export async function letterIdOf(context: CommandContext, text: string): Promise<string> {
  if (UUID.test(text.trim())) return text.trim();
  const query = { orderId: await orderIdOf(context, text) };
  const { body } = await (context.role === 'operator'
    ? context.call('readAllLetters', { query })
    : context.call('readLetters', { query }));
  const [letter] = body.data;
  if (letter === undefined) throw new CliError(EXIT.refused, context.say('noLetterOf', text));
  return letter.id;
}
