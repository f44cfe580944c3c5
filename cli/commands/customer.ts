import { createInterface } from 'node:readline';
import type { ReversalExcess } from '#contracts/billing.ts';
import { printable } from '#platform/values/printable.ts';
import { ApiError, CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar, Handler } from '../terminal/command-registrar.ts';
import { type Repeating, repeatingOptions } from '../terminal/retry.ts';
import { table } from '../terminal/table.ts';
import { balanceText, customerList } from '../views/customer.ts';
import { listOf, showOf } from '../views/list.ts';
import { allOperations, customerOperations, operationText } from '../views/wallet.ts';
import { showCustomer } from './customer-view.ts';
import { queryOf, rangeOptions } from './filters.ts';
import { findCustomer, findOne } from './find-customer.ts';
import { checkedAmount, topUpWallet } from './wallet.ts';

/** Customers and their wallets, for the operator. */
export function addCustomerCommands(registrar: CommandRegistrar): void {
  const { add, choice, listOptions, option } = registrar;
  const yes = () => option('--yes', 'optionYes');
  const email = 'anna@example.com';
  const customersExamples = [`operator customers ${email}`, 'operator customers --letters en'];
  add('customers [customer]', 'customers', showCustomers, customersExamples, [
    option('--letters <language>', 'optionLettersFilter').choices(['ru', 'en']),
    option('--confirmed', 'optionConfirmed'),
    option('--unconfirmed', 'optionUnconfirmed').conflicts('confirmed'),
    ...listOptions(),
  ]);
  add('customer <customer>', 'customerView', showCustomer, [`operator customer ${email}`]);
  const operationsExamples = [
    `operator operations ${email}`,
    'operator operations --type top_up --from 2026-03-05 --min 1000',
  ];
  add('operations [customer]', 'operatorOperations', showOperations, operationsExamples, [
    choice('--type <type>', 'optionType', ['top_up', 'charge', 'reversal']),
    ...rangeOptions(registrar),
    ...listOptions(),
  ]);
  const show = showOf('readAnyOperation', 'operationId', operationText);
  add('operation <operation>', 'operatorOperation', show, [`operator operation ${SOME_ID}`]);
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

/** One customer, or the list of all that the filters leave. */
const showCustomers: Handler = (context, options, text?: string) => {
  if (text !== undefined) return showFound(context, text);
  const { letters: locale, confirmed, unconfirmed, ...rest } = options;
  return listCustomers(context, {
    ...rest,
    locale,
    confirmed: confirmed === true ? true : unconfirmed === true ? false : undefined,
  });
};

const listCustomers = listOf('findCustomers', customerList);

async function showFound(context: CommandContext, text: string) {
  const answer = await findCustomer(context, text);
  const { data } = answer.body;
  context.show(answer.text, () =>
    data.length === 0
      ? context.say('noCustomer', text)
      : table(context, customerList.columns, data),
  );
  return data.length === 0 ? EXIT.refused : undefined;
}

/** Of one customer, whose list has an index of its own, or of all. */
const showOperations: Handler = async (context, options, text?: string) => {
  const { all, csv, limit, ...filters } = options;
  const isFiltered = Object.keys(filters).length > 0;
  if (text !== undefined && !isFiltered) return listOfCustomer(context, options, text);
  return listOfAll(context, { ...options, customer: text });
};

const listOfCustomer = listOf('readAnyOperations', customerOperations, {
  paramsOf: async (context, text = '') => ({
    customerId: (await findOne(context, text)).customerId,
  }),
});
const listOfAll = listOf('readAllOperations', allOperations, { queryOf });

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
