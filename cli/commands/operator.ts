// commands/: one file per group of commands. They need all other rooms.

import type { Static } from 'typebox';
import type { PublicPendingOrder } from '#contracts/operator.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, SOME_ID, watch } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import type { Cell } from '../terminal/screen.ts';
import { listOf, readAll } from '../views/list.ts';
import { orderRow } from '../views/order.ts';
import { ledgerText, overviewText } from '../views/overview.ts';
import { addCustomerDataCommands } from './account-data.ts';
import { addAuditCommand } from './audit.ts';
import { addCustomerCommands } from './customer.ts';
import { addDeadLetterCommands } from './dead-letter.ts';
import { addOperatorLetterCommands } from './operator-letter.ts';
import { journeyOf } from './order.ts';
import { addRepairCommands } from './repair.ts';
import { addWebhookCommands } from './webhook.ts';

/** The commands of the operator. */
export function addOperatorCommands(registrar: CommandRegistrar): void {
  const { add, limit, option } = registrar;
  const followOverview = option('--watch', 'optionWatchOverview');
  add('overview', 'overview', showOverview, ['operator overview --watch'], [followOverview]);
  const pending = listOf('readPendingOrders', pendingRow);
  add('pending', 'pending', pending, ['operator pending'], [limit()]);
  addOperatorLetterCommands(registrar);
  addDeadLetterCommands(registrar);
  add('verify', 'verify', verify, ['operator verify']);
  addRepairCommands(registrar);
  addCustomerCommands(registrar);
  addAuditCommand(registrar);
  addCustomerDataCommands(registrar);
  addWebhookCommands(registrar);
  const journey = journeyOf('readAnyJourney');
  const follow = option('--watch', 'optionWatch');
  add('journey <order>', 'operatorJourney', journey, [`operator journey ${SOME_ID}`], [follow]);
}

async function showOverview(context: CommandContext, { watch: follow }: { watch?: true }) {
  if (!follow) {
    const answer = await context.call('readOverview');
    context.show(answer.text, () => overviewText(context, answer.body));
    return;
  }
  if (context.json) throw new CliError(EXIT.usage, context.say('watchOrJson'));
  await watch(context, async () => {
    const { body } = await context.call('readOverview');
    return { view: overviewText(context, body), last: false };
  });
}

function pendingRow(context: CommandContext, order: Static<typeof PublicPendingOrder>): Cell[] {
  return [
    { text: context.duration(order.ageMs), right: true },
    ...orderRow(context, order).slice(1, -1),
    context.say('recoveryTries', order.recovery.attempts),
    order.recovery.error ?? '',
  ];
}

async function verify(context: CommandContext) {
  const { bodies, json } = await readAll((cursor) =>
    context.call('verifyLedger', { query: { cursor } }),
  );
  context.show(json, () => ledgerText(context, bodies));
  return bodies.every(({ ok }) => ok) ? EXIT.done : EXIT.refused;
}
