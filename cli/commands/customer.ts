import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { ReversalExcess } from '#contracts/billing.ts';
import {
  findCustomers,
  type OperatorCustomer,
  readAnyOperations,
  reverseAnyTopUp,
} from '#contracts/operator.ts';
import { CliError, EXIT, Refusal } from '../client/exit-codes.ts';
import { checkedId, type Shell } from '../terminal/command-context.ts';
import type { Declaring } from '../terminal/command-registrar.ts';
import { type Repeating, repeatingOptions } from '../terminal/retry.ts';
import { type Cell, table } from '../terminal/screen.ts';
import { limitOption, listPages } from '../views/list.ts';
import { checkedAmount, operationRow, putIn } from './wallet.ts';

const SOME_ID = '0198c0de-0000-7000-8000-000000000000';

/** Customers and their wallets, as the operator sees and changes them. */
export function addCustomerCommands(operator: Command, { say, run, example }: Declaring): void {
  example(
    operator
      .command('customers')
      .description(say('customers'))
      .argument('<customer>', say('argCustomer'))
      .action(run(showCustomers)),
    'operator customers anna@example.com',
  );

  const operations = operator
    .command('operations')
    .description(say('operatorOperations'))
    .argument('<customer>', say('argCustomer'));
  example(
    limitOption(operations, say).action(run(listOperations)),
    'operator operations anna@example.com',
  );

  const topUp = operator
    .command('top-up')
    .description(say('operatorTopUp'))
    .argument('<customer>', say('argCustomer'))
    .argument('<amount>', say('argAmount'))
    .option('--yes', say('optionYes'));
  example(
    repeatingOptions(topUp, say).action(run(topUpCustomer)),
    'operator top-up anna@example.com 1000',
    `operator top-up ${SOME_ID} 1000 --yes`,
  );

  example(
    operator
      .command('undo-top-up')
      .description(say('undoTopUp'))
      .argument('<customer>', say('argCustomer'))
      .argument('<operation>', say('argOperation'))
      .requiredOption('--reason <text>', say('optionReason'))
      .option('--yes', say('optionYes'))
      .action(run(undoTopUp)),
    `operator undo-top-up anna@example.com ${SOME_ID} --reason "wrong customer"`,
  );
}

/** By address where the text is one, else by id. */
async function find(shell: Shell, text: string) {
  const byId = () => shell.call(findCustomers, { query: { customerId: text } });
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text)) return byId();
  const answer = await shell.call(findCustomers, { query: { email: text } });
  // An issuer's ids may look like addresses.
  return answer.body.data.length === 0 ? byId() : answer;
}

/** @throws CliError where it is not exactly one */
async function findOne(shell: Shell, text: string): Promise<OperatorCustomer> {
  const { data } = (await find(shell, text)).body;
  const [customer, ...others] = data;
  if (customer === undefined) throw new CliError(EXIT.refused, shell.say('noCustomer', text));
  if (others.length === 0) return customer;
  throw new CliError(EXIT.refused, shell.say('severalCustomers', text), [
    customersTable(shell, data),
  ]);
}

function customersTable(shell: Shell, customers: OperatorCustomer[]): string {
  const rows = customers.map(({ customerId, name, email, locale, balance }): Cell[] => [
    customerId,
    name,
    email,
    locale,
    { text: balanceText(shell, balance), right: true },
  ]);
  return table(shell, rows);
}

function balanceText(shell: Shell, balance: OperatorCustomer['balance']): string {
  return balance === null ? shell.say('unknownBalance') : shell.money(balance);
}

async function showCustomers(shell: Shell, _options: unknown, text: string) {
  const answer = await find(shell, text);
  const { data } = answer.body;
  shell.show(answer.text, () =>
    data.length === 0 ? shell.say('noCustomer', text) : customersTable(shell, data),
  );
  return data.length === 0 ? EXIT.refused : undefined;
}

async function listOperations(shell: Shell, { limit }: { limit?: number }, text: string) {
  const { customerId } = await findOne(shell, text);
  await listPages(shell, {
    all: false,
    more: 'moreByLimit',
    read: (cursor) =>
      shell.call(readAnyOperations, { params: { customerId }, query: { limit, cursor } }),
    view: (operations) =>
      table(
        shell,
        operations.map((operation) => [
          operation.id,
          ...operationRow(shell, operation),
          operation.madeBy ?? '',
        ]),
      ),
  });
  return undefined;
}

async function topUpCustomer(
  shell: Shell,
  { yes, ...options }: Repeating & { yes?: true },
  text: string,
  amount: string,
) {
  // Before anybody is asked anything: a mistyped amount is said at once.
  checkedAmount(shell, amount, options.currency ?? shell.currency);
  const customer = await findOne(shell, text);
  const { customerId, name, email, balance } = customer;
  const currency = options.currency ?? balance?.currency ?? shell.currency;
  if (yes !== true) {
    const sum = shell.money({ amount: checkedAmount(shell, amount, currency), currency });
    await confirm(shell, shell.say('askTopUp', sum, name, email, balanceText(shell, balance)));
  }
  const words = ['operator', 'top-up', customerId, amount, '--yes'];
  return putIn(shell, { ...options, currency }, { words, amount, customerId });
}

const AGREEMENT = /^(y|yes|д|да)$/i;

/**
 * Asks on standard error and reads a line of standard input.
 * @throws CliError for anything but a yes
 */
async function confirm(shell: Shell, question: string): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string | null>((resolve) => {
    lines.once('close', () => resolve(null));
    lines.question(question, resolve);
  });
  lines.close();
  if (answer === null) throw new CliError(EXIT.usage, `\n${shell.say('yesNeeded')}`);
  if (!AGREEMENT.test(answer.trim())) throw new CliError(EXIT.refused, shell.say('notDone'));
}

/** A refusal that names the sums, with them as a hint. */
function withSums(shell: Shell, error: unknown): unknown {
  if (error instanceof Refusal && error.problem.code === 'reversal-exceeds-balance') {
    const { balance, amount } = error.problem as unknown as ReversalExcess;
    error.hints.push(shell.say('reversalSums', shell.money(balance), shell.money(amount)));
  }
  return error;
}

async function undoTopUp(
  shell: Shell,
  { reason, yes }: { reason: string; yes?: true },
  text: string,
  operationId: string,
) {
  const { customerId, name, email, balance } = await findOne(shell, text);
  const params = { customerId, operationId: checkedId(shell, operationId) };
  if (yes !== true) {
    await confirm(shell, shell.say('askUndo', name, email, balanceText(shell, balance)));
  }
  const request = { params, body: { reason } };
  const { body, text: json } = await shell.call(reverseAnyTopUp, request).catch((error) => {
    throw withSums(shell, error);
  });
  const { amount, balanceAfter } = body;
  const taken = shell.money({ ...amount, amount: -amount.amount });
  shell.show(json, () => shell.say('undone', taken, shell.money(balanceAfter)));
  return undefined;
}
