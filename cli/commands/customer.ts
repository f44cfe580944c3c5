import { createInterface } from 'node:readline';
import type { OperatorOperation, ReversalExcess } from '#contracts/billing.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import { printable } from '#platform/values/printable.ts';
import { ApiError, CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { type Repeating, repeatingOptions } from '../terminal/retry.ts';
import { type Cell, table } from '../terminal/screen.ts';
import { listOf } from '../views/list.ts';
import { checkedAmount, operationRow, topUpWallet } from './wallet.ts';

/** Customers and their wallets, for the operator. */
export function addCustomerCommands(registrar: CommandRegistrar): void {
  const { add, limit, option } = registrar;
  const yes = () => option('--yes', 'optionYes');
  const email = 'anna@example.com';
  add('customers <customer>', 'customers', showCustomers, [`operator customers ${email}`]);
  const operations = listOf('readAnyOperations', operatorOperationRow, {
    paramsOf: async (context, text = '') => ({
      customerId: (await findOne(context, text)).customerId,
    }),
  });
  const listExamples = [`operator operations ${email}`];
  add('operations <customer>', 'operatorOperations', operations, listExamples, [limit()]);
  add(
    'top-up <customer> <amount>',
    'operatorTopUp',
    topUpCustomer,
    [`operator top-up ${email} 1000`, `operator top-up ${SOME_ID} 1000 --yes`],
    [yes(), ...repeatingOptions(registrar)],
  );
  add(
    'undo-top-up <customer> <operation>',
    'undoTopUp',
    undoTopUp,
    [`operator undo-top-up ${email} ${SOME_ID} --reason "wrong customer"`],
    [option('--reason <text>', 'optionReason').makeOptionMandatory(), yes()],
  );
}

/** Finds by e-mail if the text is one, otherwise by id. */
async function find(context: CommandContext, text: string) {
  const byId = () => context.call('findCustomers', { query: { customerId: text } });
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text)) return byId();
  const answer = await context.call('findCustomers', { query: { email: text } });
  // Some issuers use addresses as ids.
  return answer.body.data.length === 0 ? byId() : answer;
}

/** @throws CliError unless exactly one customer is found */
export async function findOne(context: CommandContext, text: string): Promise<OperatorCustomer> {
  const { data } = (await find(context, text)).body;
  const [customer, ...others] = data;
  if (customer === undefined) throw new CliError(EXIT.refused, context.say('noCustomer', text));
  if (others.length === 0) return customer;
  throw new CliError(EXIT.refused, context.say('severalCustomers', text), [
    customersTable(context, data),
  ]);
}

function customersTable(context: CommandContext, customers: OperatorCustomer[]): string {
  const rows = customers.map(({ customerId, name, email, locale, balance }): Cell[] => [
    customerId,
    name,
    email,
    locale,
    { text: balanceText(context, balance), right: true },
  ]);
  return table(context, rows);
}

function balanceText(context: CommandContext, balance: OperatorCustomer['balance']): string {
  return balance === null ? context.say('unknownBalance') : context.money(balance);
}

async function showCustomers(context: CommandContext, _options: unknown, text: string) {
  const answer = await find(context, text);
  const { data } = answer.body;
  context.show(answer.text, () =>
    data.length === 0 ? context.say('noCustomer', text) : customersTable(context, data),
  );
  return data.length === 0 ? EXIT.refused : undefined;
}

function operatorOperationRow(context: CommandContext, operation: OperatorOperation): Cell[] {
  return [operation.id, ...operationRow(context, operation), operation.madeBy ?? ''];
}

async function topUpCustomer(
  context: CommandContext,
  { yes, ...options }: Repeating & { yes?: true },
  text: string,
  amount: string,
) {
  // First, so that a mistyped amount fails before any question.
  checkedAmount(context, amount, options.currency ?? context.currency);
  const customer = await findOne(context, text);
  const { customerId, name, email, balance } = customer;
  const currency = options.currency ?? balance?.currency ?? context.currency;
  if (yes !== true) {
    const sum = context.money({ amount: checkedAmount(context, amount, currency), currency });
    await confirm(
      context,
      context.say('askTopUp', sum, name, email, balanceText(context, balance)),
    );
  }
  const words = ['operator', 'top-up', customerId, amount, '--yes'];
  return topUpWallet(context, { ...options, currency }, { words, amount, customerId });
}

const AGREEMENT = /^(y|yes|д|да)$/i;

/**
 * Asks on standard error and reads a line of standard input.
 * @throws CliError unless the answer is yes
 */
export async function confirm(context: CommandContext, question: string): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string | null>((resolve) => {
    lines.once('close', () => resolve(null));
    // It names a customer: readline would write the name as it is.
    lines.question(printable(question), resolve);
  });
  lines.close();
  if (answer === null) throw new CliError(EXIT.usage, `\n${context.say('yesNeeded')}`);
  if (!AGREEMENT.test(answer.trim())) throw new CliError(EXIT.refused, context.say('notDone'));
}

/** Adds the sums of the problem as a hint. */
function withSums(context: CommandContext, error: unknown): unknown {
  if (error instanceof ApiError && error.problem.code === 'reversal-exceeds-balance') {
    const { balance, amount } = error.problem as unknown as ReversalExcess;
    error.hints.push(context.say('reversalSums', context.money(balance), context.money(amount)));
  }
  return error;
}

async function undoTopUp(
  context: CommandContext,
  { reason, yes }: { reason: string; yes?: true },
  text: string,
  operationId: string,
) {
  const { customerId, name, email, balance } = await findOne(context, text);
  const params = { customerId, operationId: checkedId(context, operationId) };
  if (yes !== true) {
    await confirm(context, context.say('askUndo', name, email, balanceText(context, balance)));
  }
  const request = { params, body: { reason } };
  const { body, text: json } = await context.call('reverseAnyTopUp', request).catch((error) => {
    throw withSums(context, error);
  });
  const { amount, balanceAfter } = body;
  const taken = context.money({ ...amount, amount: -amount.amount });
  context.show(json, () => context.say('undone', taken, context.money(balanceAfter)));
}
