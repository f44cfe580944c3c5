import type { Command } from 'commander';
import * as contract from '#contracts/operator.ts';
import type { Repair } from '#contracts/repairs.ts';
import type { ApiAnswer } from '../client/api.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, jsonArray } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { type Cell, type Colour, facts, table } from '../terminal/screen.ts';
import { limitOption, listPages } from '../views/list.ts';

const SOME_ID = '0198c0de-0000-7000-8000-000000000000';
const REASON_MAX = 200;

/** The repair after a restore, and what was repaired. */
export function addRepairCommands(
  operator: Command,
  { say, run, example }: CommandRegistrar,
): void {
  example(
    operator
      .command('repair')
      .description(say('repair'))
      .option('--apply', say('optionApply'))
      .option('--reason <text>', say('optionRepairReason'))
      .option('--write-off <order...>', say('optionWriteOff'))
      .action(run(repair)),
    'operator repair',
    'operator repair --apply --reason "billing restored to 11:40"',
    `operator repair --apply --reason "no receipt" --write-off ${SOME_ID}`,
  );
  const repairs = operator.command('repairs').description(say('repairs'));
  example(limitOption(repairs, say).action(run(listRepairs)), 'operator repairs');
}

interface Options {
  apply?: true;
  reason?: string;
  writeOff?: string[];
}

/** Follows the cursors to the end; an array of all answers for programs. */
async function repair(context: CommandContext, { apply, reason, writeOff = [] }: Options) {
  if (apply === true && !reason?.trim()) {
    throw new CliError(EXIT.usage, context.say('reasonNeeded'));
  }
  if (reason !== undefined && [...reason].length > REASON_MAX) {
    throw new CliError(EXIT.usage, context.say('longReason', REASON_MAX));
  }
  const orders = writeOff.map((id) => checkedId(context, id));
  const answers: ApiAnswer<contract.RepairReport>[] = [];
  let cursor: string | undefined;
  do {
    const answer: ApiAnswer<contract.RepairReport> = await context.call(contract.repairBooks, {
      body: {
        apply: apply === true,
        ...(reason !== undefined && { reason }),
        ...(orders.length > 0 && { writeOff: orders }),
        ...(cursor !== undefined && { cursor }),
      },
    });
    answers.push(answer);
    cursor = answer.body.nextCursor ?? undefined;
  } while (cursor !== undefined);
  const steps = answers.flatMap(({ body }) => body.steps);
  context.show(jsonArray(answers.map(({ text }) => text)), () =>
    repairText(context, steps, apply === true),
  );
  const unused = orders.filter((order) => !steps.some((step) => isWriteOffOf(step, order)));
  if (unused.length > 0) {
    throw new CliError(EXIT.refused, context.say('writeOffUnused', unused.join(', ')));
  }
  // These need no person; any other state does.
  return steps.every(({ state }) => state === 'done' || state === 'planned')
    ? undefined
    : EXIT.refused;
}

const isWriteOffOf = ({ remedy, id }: contract.RepairedDifference, order: string): boolean =>
  remedy === 'write-off' && id === order.toLowerCase();

const COLOURS: Record<contract.RepairedDifference['state'], Colour> = {
  planned: 'yellow',
  done: 'green',
  refused: 'red',
  left: 'dim',
};

function repairText(
  context: CommandContext,
  steps: contract.RepairedDifference[],
  applied: boolean,
): string {
  const { say } = context;
  if (steps.length === 0) return context.paint('green', say('booksAgree'));
  const count = (state: contract.RepairedDifference['state']) =>
    steps.filter((step) => step.state === state).length;
  const counts: [string, string][] = [
    [say('repairDifferences'), String(steps.length)],
    applied
      ? [say('repairsDone'), String(count('done'))]
      : [say('repairsPlanned'), String(count('planned'))],
    [say('repairsRefused'), String(count('refused'))],
    [say('repairsLeft'), String(count('left'))],
  ];
  const hint = applied || count('planned') === 0 ? [] : [say('applyHint')];
  return [...steps.map((step) => stepText(context, step)), facts(context, counts), ...hint].join(
    '\n',
  );
}

function stepText(context: CommandContext, step: contract.RepairedDifference): string {
  const { say } = context;
  const lines = [
    `${step.relation}  ${step.id}  ${step.detail}`,
    `  ${step.remedyText}`,
    `  ${context.paint(COLOURS[step.state], step.stateText)}`,
  ];
  if (step.money !== null && step.customerId !== null) {
    lines.push(`  ${say('walletGets', step.customerId, context.money(step.money))}`);
  }
  if (step.balance !== null) lines.push(`  ${say('walletHolds', context.money(step.balance))}`);
  return lines.join('\n');
}

async function listRepairs(context: CommandContext, { limit }: { limit?: number }) {
  await listPages(context, {
    all: false,
    more: 'moreByLimit',
    read: (cursor) => context.call(contract.readRepairs, { query: { limit, cursor } }),
    view: (repairs) =>
      table(
        context,
        repairs.map((each) => repairRow(context, each)),
      ),
  });
  return undefined;
}

function repairRow(
  context: CommandContext,
  { at, step, orderId, amount, madeBy, reason }: Repair,
): Cell[] {
  const money = amount === undefined ? '' : context.money(amount);
  return [context.moment(at), step, orderId, { text: money, right: true }, madeBy, reason];
}
