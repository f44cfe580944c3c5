import type { OperatorCustomer } from '#contracts/operator.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import type { CommandContext } from '../terminal/command-context.ts';
import { table } from '../terminal/table.ts';
import { customerList } from '../views/customer.ts';

/** Finds by e-mail if the text is one, otherwise by id. */
export async function findCustomer(context: CommandContext, text: string) {
  const byId = () => context.call('findCustomers', { query: { customerId: text } });
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text)) return byId();
  const answer = await context.call('findCustomers', { query: { email: text } });
  // Some issuers use addresses as ids.
  return answer.body.data.length === 0 ? byId() : answer;
}

/** @throws CliError unless exactly one customer is found */
export async function findOne(context: CommandContext, text: string): Promise<OperatorCustomer> {
  const { data } = (await findCustomer(context, text)).body;
  const [customer, ...others] = data;
  if (customer === undefined) throw new CliError(EXIT.refused, context.say('noCustomer', text));
  if (others.length === 0) return customer;
  throw new CliError(EXIT.refused, context.say('severalCustomers', text), [
    // Without styles: they go to standard error.
    table({ ...context, paint: (_, shown) => shown }, customerList.columns, data),
  ]);
}
