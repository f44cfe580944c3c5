import type { Command } from 'commander';
import { amountAdvice, parseAmount } from '#contracts/amounts.ts';
import type { WalletOperation } from '#contracts/billing.ts';
import { readOperations, readWallet, topUp } from '#contracts/gateway.ts';
import { operatorTopUp } from '#contracts/operator.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import type { Shell } from '../terminal/command-context.ts';
import type { Declaring } from '../terminal/command-registrar.ts';
import { type Repeating, repeatingOptions, repeatSafely } from '../terminal/retry.ts';
import { type Cell, facts, table } from '../terminal/screen.ts';

const LATEST = 10;

/** The own wallet. */
export function addWalletCommands(program: Command, { say, run, example }: Declaring): void {
  example(program.command('wallet').description(say('wallet')).action(run(showWallet)), 'wallet');
  const command = program
    .command('top-up')
    .description(say('topUp'))
    .argument('<amount>', say('argAmount'));
  example(
    repeatingOptions(command, say).action(
      run((shell, options: Repeating, amount: string) =>
        putIn(shell, options, { words: ['top-up', amount], amount }),
      ),
    ),
    'top-up 1000',
    'top-up 250 --key monday',
  );
}

async function showWallet(shell: Shell) {
  const wallet = await shell.call(readWallet);
  const operations = await shell.call(readOperations, { query: { limit: LATEST } });
  shell.show(`{"wallet":${wallet.text},"operations":${operations.text}}`, () => {
    const { balance } = wallet.body;
    const head = facts(shell, [[shell.say('balance'), shell.money(balance)]]);
    const rows = operations.body.data.map((operation) => operationRow(shell, operation));
    return rows.length === 0 ? head : `${head}\n\n${table(shell, rows)}`;
  });
  return undefined;
}

/** The last cell is the paid order, or why the operation was reversed. */
export function operationRow(shell: Shell, operation: WalletOperation): Cell[] {
  const { amount, balanceAfter, createdAt, orderId, reason, type } = operation;
  return [
    shell.moment(createdAt),
    shell.say(type),
    { text: shell.money(amount), right: true },
    { text: shell.money(balanceAfter), right: true, colour: 'dim' },
    orderId ?? reason ?? '',
  ];
}

/**
 * Tops a wallet up: the own one, or that of `customerId` as the operator.
 * @param words the command, for its repetition
 */
export async function putIn(
  shell: Shell,
  options: Repeating,
  { words, amount, customerId }: { words: string[]; amount: string; customerId?: string },
): Promise<undefined> {
  const currency = options.currency ?? shell.currency;
  const money = { amount: checkedAmount(shell, amount, currency), currency };
  const request = { body: { amount: money } };
  const answer = await repeatSafely(shell, options, words, (repetition) =>
    customerId === undefined
      ? shell.call(topUp, { ...request, ...repetition })
      : shell.call(operatorTopUp, { ...request, ...repetition, params: { customerId } }),
  );
  shell.show(answer.text, () => {
    const { amount: added, balanceAfter } = answer.body;
    return shell.say('toppedUp', shell.money(added), shell.money(balanceAfter));
  });
  return undefined;
}

/** @throws CliError for what is no amount above zero */
export function checkedAmount(shell: Shell, text: string, currency: string): number {
  const amount = parseAmount(text, currency, 1);
  if (typeof amount === 'number') return amount;
  const advice = amountAdvice(amount, { text, currency, language: shell.language });
  throw new CliError(EXIT.usage, shell.say('badAmount', text, advice));
}
