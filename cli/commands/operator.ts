// commands/: one file per group of commands. They need all other rooms.

import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, SOME_ID, SOME_NUMBER, watch } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { readAll } from '../views/list.ts';
import { ledgerText, overviewText } from '../views/overview.ts';
import { addCustomerDataCommands } from './account-data.ts';
import { addAuditCommand } from './audit.ts';
import { addCustomerCommands } from './customer.ts';
import { addDeadLetterCommands } from './dead-letter.ts';
import { addOperatorLetterCommands } from './operator-letter.ts';
import { addOperatorOrderCommands } from './operator-order.ts';
import { journeyOf } from './order.ts';
import { addRepairCommands } from './repair.ts';
import { addSearchCommand } from './search.ts';
import { addWebhookCommands } from './webhook.ts';

/** The commands of the operator. */
export function addOperatorCommands(registrar: CommandRegistrar): void {
  const { add, option } = registrar;
  const followOverview = option('--watch', 'optionWatchOverview');
  add('overview', 'overview', showOverview, ['operator overview --watch'], [followOverview]);
  addSearchCommand(registrar);
  addOperatorOrderCommands(registrar);
  const journey = journeyOf('readAnyJourney');
  const journeyExamples = [`operator journey ${SOME_NUMBER}`, `operator journey ${SOME_ID}`];
  const follow = option('--watch', 'optionWatch');
  add('journey <order>', 'operatorJourney', journey, journeyExamples, [follow]);
  addCustomerCommands(registrar);
  addOperatorLetterCommands(registrar);
  addDeadLetterCommands(registrar);
  add('verify', 'verify', verify, ['operator verify']);
  addRepairCommands(registrar);
  addAuditCommand(registrar);
  addCustomerDataCommands(registrar);
  addWebhookCommands(registrar);
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

async function verify(context: CommandContext) {
  const { bodies, json } = await readAll((cursor) =>
    context.call('verifyLedger', { query: { cursor } }),
  );
  context.show(json, () => ledgerText(context, bodies));
  return bodies.every(({ ok }) => ok) ? EXIT.done : EXIT.refused;
}
