// commands/: one file per group of commands. They need all other rooms.

import type { Command } from 'commander';
import * as contract from '#contracts/operator.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, watch } from '../terminal/command-context.ts';
import { SOME_ID } from '../terminal/command-line.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { limitOption, readAll, showList } from '../views/list.ts';
import { orderRow } from '../views/order.ts';
import { ledgerText, overviewText } from '../views/overview.ts';
import { addCustomerCommands } from './customer.ts';
import { addDeadLetterCommands } from './dead-letter.ts';
import { addOperatorLetterCommands } from './operator-letter.ts';
import { showJourney } from './order.ts';
import { addRepairCommands } from './repair.ts';

/** The commands of the operator. */
export function addOperatorCommands(program: Command, registrar: CommandRegistrar): void {
  const { say, run, example } = registrar;
  const operator = program
    .command('operator')
    .description(say('operator'))
    .helpOption('-h, --help', say('optionHelp'))
    .helpCommand('help [command]', say('commandHelp'));
  example(operator, 'login --operator', 'operator overview');

  example(
    operator
      .command('overview')
      .description(say('overview'))
      .option('--watch', say('optionWatchOverview'))
      .action(run(showOverview)),
    'operator overview --watch',
  );
  const pending = operator.command('pending').description(say('pending'));
  example(limitOption(pending, say).action(run(listPending)), 'operator pending');
  addOperatorLetterCommands(operator, registrar);
  addDeadLetterCommands(operator, registrar);
  example(
    operator.command('verify').description(say('verify')).action(run(verify)),
    'operator verify',
  );
  addRepairCommands(operator, registrar);
  addCustomerCommands(operator, registrar);
  example(
    operator
      .command('journey')
      .description(say('operatorJourney'))
      .argument('<order>', say('argOrder'))
      .option('--watch', say('optionWatch'))
      .action(run(showAnyJourney)),
    `operator journey ${SOME_ID}`,
  );
}

async function showOverview(context: CommandContext, { watch: follow }: { watch?: true }) {
  if (!follow) {
    const answer = await context.call(contract.readOverview);
    context.show(answer.text, () => overviewText(context, answer.body));
    return;
  }
  if (context.json) throw new CliError(EXIT.usage, context.say('watchOrJson'));
  await watch(context, async () => {
    const { body } = await context.call(contract.readOverview);
    return { view: overviewText(context, body), last: false };
  });
}

async function listPending(context: CommandContext, { limit }: { limit?: number }) {
  await showList(context, {
    read: (cursor) => context.call(contract.readPendingOrders, { query: { limit, cursor } }),
    row: ({ duration, say }, order) => [
      { text: duration(order.ageMs), right: true },
      ...orderRow(context, order).slice(1, -1),
      say('recoveryTries', order.recovery.attempts),
      order.recovery.error ?? '',
    ],
  });
}

async function verify(context: CommandContext) {
  const { bodies, json } = await readAll((cursor) =>
    context.call(contract.verifyLedger, { query: { cursor } }),
  );
  context.show(json, () => ledgerText(context, bodies));
  return bodies.every(({ ok }) => ok) ? EXIT.done : EXIT.refused;
}

async function showAnyJourney(
  context: CommandContext,
  { watch: follow }: { watch?: true },
  id: string,
) {
  const params = { orderId: checkedId(context, id) };
  await showJourney(context, follow === true, () =>
    context.call(contract.readAnyJourney, { params }),
  );
}
