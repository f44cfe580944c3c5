import { type Command, Option } from 'commander';
import type { DeadLetter } from '#contracts/notifications.ts';
import * as contract from '#contracts/operator.ts';
import type { ApiAnswer } from '../client/api.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, jsonArray, watch } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { type Cell, facts, table } from '../terminal/screen.ts';
import type { Say } from '../texts/messages.ts';
import { letterRow, letterText } from '../views/letter.ts';
import { limitOption, listPages } from '../views/list.ts';
import { orderRow } from '../views/order.ts';
import { ledgerText, overviewText } from '../views/overview.ts';
import { addCustomerCommands } from './customer.ts';
import { showJourney } from './order.ts';
import { addRepairCommands } from './repair.ts';
import { addResendCommand } from './resend.ts';

const SOME_ID = '0198c0de-0000-7000-8000-000000000000';

/** What the operator may do. */
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

  const letters = operator
    .command('letters')
    .description(say('operatorLetters'))
    .addOption(stateOption(say, ['queued', 'sending', 'sent', 'failed']));
  example(limitOption(letters, say).action(run(listLetters)), 'operator letters --state failed');

  const onLetter = { letter: showLetter, preview: showPreview };
  for (const [name, handler] of Object.entries(onLetter)) {
    example(
      operator
        .command(name)
        .description(say(name as keyof typeof onLetter))
        .argument('<letter>', say('argLetter'))
        .action(run(handler)),
      `operator ${name} ${SOME_ID}`,
    );
  }

  addResendCommand(operator, { say, run, example });

  const deadLetters = operator
    .command('dead-letters')
    .description(say('deadLetters'))
    .addOption(stateOption(say, ['dead', 'redriven']));
  example(limitOption(deadLetters, say).action(run(listDeadLetters)), 'operator dead-letters');

  example(
    operator
      .command('redrive')
      .description(say('redrive'))
      .argument('[id]', say('argDeadLetter'))
      .option('--all', say('optionAllDead'))
      .action(run(redrive)),
    `operator redrive ${SOME_ID}`,
    'operator redrive --all',
  );

  example(
    operator.command('verify').description(say('verify')).action(run(verify)),
    'operator verify',
  );
  addRepairCommands(operator, registrar);

  addCustomerCommands(operator, { say, run, example });

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

function stateOption(say: Say, states: string[]): Option {
  return new Option('--state <state>', `${say('optionState')}: ${states.join(', ')}`).choices(
    states,
  );
}

async function showOverview(context: CommandContext, { watch: goOn }: { watch?: true }) {
  if (!goOn) {
    const answer = await context.call(contract.readOverview);
    context.show(answer.text, () => overviewText(context, answer.body));
    return undefined;
  }
  if (context.json) throw new CliError(EXIT.usage, context.say('watchOrJson'));
  await watch(context, async () => {
    const { body } = await context.call(contract.readOverview);
    return { view: overviewText(context, body), last: false };
  });
  return undefined;
}

async function listPending(context: CommandContext, { limit }: { limit?: number }) {
  await listPages(context, {
    all: false,
    more: 'moreByLimit',
    read: (cursor) => context.call(contract.readPendingOrders, { query: { limit, cursor } }),
    view: (orders) =>
      table(
        context,
        orders.map((order) => [
          { text: context.duration(order.ageMs), right: true },
          ...orderRow(context, order).slice(1, -1),
          context.say('recoveryTries', order.recovery.attempts),
          order.recovery.error ?? '',
        ]),
      ),
  });
  return undefined;
}

async function listLetters(
  context: CommandContext,
  { limit, state }: { limit?: number; state?: string },
) {
  await listPages(context, {
    all: false,
    more: 'moreByLimit',
    read: (cursor) => context.call(contract.readAllLetters, { query: { state, limit, cursor } }),
    view: (letters) =>
      table(
        context,
        letters.map((letter) => letterRow(context, letter)),
      ),
  });
  return undefined;
}

const letterParams = (context: CommandContext, id: string) => ({
  params: { letterId: checkedId(context, id) },
});

async function showLetter(context: CommandContext, _options: unknown, id: string) {
  const answer = await context.call(contract.readAnyLetter, letterParams(context, id));
  context.show(answer.text, () => letterText(context, answer.body));
  return undefined;
}

async function showPreview(context: CommandContext, _options: unknown, id: string) {
  const answer = await context.call(contract.previewAnyLetter, letterParams(context, id));
  context.show(answer.text, () => {
    const { locale, subject, text, to } = answer.body;
    const head = facts(context, [
      [context.say('to'), to],
      [context.say('subject'), subject],
      [context.say('lettersIn'), locale],
    ]);
    return `${head}\n\n${text.trimEnd()}`;
  });
  return undefined;
}

async function listDeadLetters(
  context: CommandContext,
  { limit, state }: { limit?: number; state?: string },
) {
  await listPages(context, {
    all: false,
    more: 'moreByLimit',
    read: (cursor) => context.call(contract.readDeadLetters, { query: { state, limit, cursor } }),
    view: (all) =>
      table(
        context,
        all.map((one) => deadLetterRow(context, one)),
      ),
  });
  return undefined;
}

function deadLetterRow(context: CommandContext, deadLetter: DeadLetter): Cell[] {
  const { createdAt, error, id, offset, partition, state, topic } = deadLetter;
  return [
    context.moment(createdAt),
    { text: state, colour: state === 'dead' ? 'red' : 'green' },
    `${topic} ${partition}/${offset}`,
    id,
    error,
  ];
}

async function redrive(context: CommandContext, { all }: { all?: true }, id?: string) {
  if ((id === undefined) !== (all === true)) throw new CliError(EXIT.usage, context.say('idOrAll'));
  return id === undefined ? redriveAll(context) : redriveOne(context, id);
}

async function redriveOne(context: CommandContext, id: string) {
  const params = { deadLetterId: checkedId(context, id) };
  const { body, text } = await context.call(contract.redriveOne, { params });
  const dead = body.state === 'dead';
  context.show(text, () =>
    dead ? context.say('stillDead', body.error) : context.say('becameLetter'),
  );
  return dead ? EXIT.refused : undefined;
}

/** Each call takes up to 100, least recently tried first, until each was tried once. */
async function redriveAll(context: CommandContext) {
  const texts: string[] = [];
  let redriven = 0;
  let refused = 0;
  let dead: number;
  for (;;) {
    const { body, text } = await context.call(contract.redriveMany);
    texts.push(text);
    redriven += body.redriven;
    refused += body.refused;
    dead = body.dead;
    if (body.redriven + body.refused === 0 || refused >= dead) break;
  }
  context.show(jsonArray(texts), () =>
    context.say('redriven', redriven, Math.min(refused, dead), dead),
  );
  return refused > 0 ? EXIT.refused : undefined;
}

/** Follows the cursors to the end; an array of all steps for programs. */
async function verify(context: CommandContext) {
  const answers: ApiAnswer<contract.LedgerReport>[] = [];
  let cursor: string | undefined;
  do {
    const answer = await context.call(contract.verifyLedger, { query: { cursor } });
    answers.push(answer);
    cursor = answer.body.nextCursor ?? undefined;
  } while (cursor !== undefined);
  const reports = answers.map(({ body }) => body);
  context.show(jsonArray(answers.map(({ text }) => text)), () => ledgerText(context, reports));
  return reports.every(({ ok }) => ok) ? undefined : EXIT.refused;
}

async function showAnyJourney(
  context: CommandContext,
  { watch: goOn }: { watch?: true },
  id: string,
) {
  const params = { orderId: checkedId(context, id) };
  await showJourney(context, goOn === true, () =>
    context.call(contract.readAnyJourney, { params }),
  );
  return undefined;
}
