import { amountAdvice, parseAmount } from '#contracts/amounts.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import type { CommandContext } from '../terminal/command-context.ts';
import type { CommandRegistrar, Handler } from '../terminal/command-registrar.ts';
import { type Repeating, repeatingOptions, repeatSafely } from '../terminal/retry.ts';
import { facts, table } from '../terminal/table.ts';
import { ownOperations } from '../views/wallet.ts';

const LATEST = 10;

/** The customer's own wallet. */
export function addWalletCommands(registrar: CommandRegistrar): void {
  const { add } = registrar;
  add('wallet', 'wallet', showWallet, ['wallet']);
  const topUpOwn: Handler = (context, options: Repeating, amount: string) =>
    topUpWallet(context, options, { words: ['top-up', amount], amount });
  const examples = ['top-up 1000', 'top-up 250 --key monday'];
  add('top-up <amount>', 'topUp', topUpOwn, examples, repeatingOptions(registrar));
}

async function showWallet(context: CommandContext) {
  const wallet = await context.call('readWallet');
  const operations = await context.call('readOperations', { query: { limit: LATEST } });
  context.show(`{"wallet":${wallet.text},"operations":${operations.text}}`, () => {
    const { balance } = wallet.body;
    const head = facts(context, [[context.say('balance'), context.money(balance)]]);
    const { data } = operations.body;
    return data.length === 0 ? head : `${head}\n\n${table(context, ownOperations.columns, data)}`;
  });
}

/**
 * Tops up the own wallet or, as the operator, that of `customerId`.
 * @param request.words the command to print for a repetition
 */
export async function topUpWallet(
  context: CommandContext,
  options: Repeating,
  { words, amount, customerId }: { words: string[]; amount: string; customerId?: string },
): Promise<void> {
  const currency = options.currency ?? context.currency;
  const money = { amount: checkedAmount(context, amount, currency), currency };
  const request = { body: { amount: money } };
  const answer = await repeatSafely(context, options, words, (repetition) =>
    customerId === undefined
      ? context.call('topUp', { ...request, ...repetition })
      : context.call('operatorTopUp', { ...request, ...repetition, params: { customerId } }),
  );
  context.show(answer.text, () => {
    const { amount: added, balanceAfter } = answer.body;
    return context.say('toppedUp', context.money(added), context.money(balanceAfter));
  });
}

/** @throws CliError unless the text is an amount above zero */
export function checkedAmount(context: CommandContext, text: string, currency: string): number {
  const amount = parseAmount(text, currency, 1);
  if (typeof amount === 'number') return amount;
  const advice = amountAdvice(amount, { text, currency, language: context.language });
  throw new CliError(EXIT.usage, context.say('badAmount', text, advice));
}
