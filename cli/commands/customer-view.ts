import type { Answer, AnswerOf, OperationId } from '../client/api.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import type { CommandContext } from '../terminal/command-context.ts';
import { type CustomerView, customerText } from '../views/customer.ts';
import { findCustomer, findOne } from './find-customer.ts';

const LATEST = 5;

/** Profile, wallet, orders and letters of one customer. What does not answer is named. */
export async function showCustomer(context: CommandContext, _options: unknown, text: string) {
  const unavailable: string[] = [];
  const part = async <T>(service: string, read: Promise<T>): Promise<T | null> => {
    try {
      return await read;
    } catch (error) {
      if (!isAway(error)) throw error;
      unavailable.push(service);
      return null;
    }
  };
  const profile = await part('profiles', profileOf(context, text));
  // An e-mail leads nowhere without profiles.
  if (profile === null && (unavailable.length === 0 || text.includes('@'))) {
    throw unavailable.length === 0
      ? new CliError(EXIT.refused, context.say('noCustomer', text))
      : new CliError(EXIT.noAnswer, context.say('missingParts', 'profiles'));
  }
  const customerId = profile?.customerId ?? text;
  const params = { customerId };
  const query = { customerId, limit: LATEST };
  const [operations, orders, letters] = await Promise.all([
    part('billing', context.call('readAnyOperations', { params, query: { limit: LATEST } })),
    part('orders', context.call('readAllOrders', { query })),
    part('notifications', context.call('readAllLetters', { query })),
  ]);
  if (profile?.balance === null && operations !== null) unavailable.push('billing');
  const view = {
    customerId,
    profile,
    operations: bodyOf(operations),
    orders: bodyOf(orders),
    letters: bodyOf(letters),
    unavailable,
  };
  context.show(JSON.stringify(view), () => customerText(context, view as CustomerView));
  return unavailable.length === 0 ? EXIT.done : EXIT.noAnswer;
}

async function profileOf(context: CommandContext, text: string) {
  if (text.includes('@')) return findOne(context, text);
  return (await findCustomer(context, text)).body.data[0] ?? null;
}

const bodyOf = <I extends OperationId>(answer: Answer<AnswerOf<I>> | null) => answer?.body ?? null;

const isAway = (error: unknown) => error instanceof CliError && error.exitCode === EXIT.noAnswer;
