import type { RepairedDifference } from '#contracts/operator.ts';
import type { Repair } from '#contracts/repairs.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { orderIdOf } from '../terminal/order-argument.ts';
import type { Colour } from '../terminal/screen.ts';
import { facts } from '../terminal/table.ts';
import { type ListView, listOf, readAll } from '../views/list.ts';
import { numberOf } from '../views/order.ts';

const REASON_MAX = 200;

/** The repair after a restore, and the list of past repairs. */
export function addRepairCommands({ add, limit, option }: CommandRegistrar): void {
  const examples = [
    'operator repair',
    'operator repair --apply --reason "billing restored to 11:40"',
    `operator repair --apply --reason "no receipt" --write-off ${SOME_ID}`,
  ];
  add('repair', 'repair', repair, examples, [
    option('--apply', 'optionApply'),
    option('--reason <text>', 'optionRepairReason'),
    option('--write-off <order...>', 'optionWriteOff'),
  ]);
  const list = listOf('readRepairs', repairs);
  add('repairs', 'repairs', list, ['operator repairs'], [limit()]);
}

interface Options {
  apply?: true;
  reason?: string;
  writeOff?: string[];
}

async function repair(context: CommandContext, { apply, reason, writeOff = [] }: Options) {
  if (apply === true && !reason?.trim()) {
    throw new CliError(EXIT.usage, context.say('reasonNeeded'));
  }
  if (reason !== undefined && [...reason].length > REASON_MAX) {
    throw new CliError(EXIT.usage, context.say('longReason', REASON_MAX, [...reason].length));
  }
  const orders: string[] = [];
  for (const text of writeOff) orders.push(await orderIdOf(context, text));
  const { bodies, json } = await readAll((cursor) =>
    context.call('repairBooks', {
      // JSON leaves out what is undefined.
      body: {
        apply: apply === true,
        reason,
        writeOff: orders.length > 0 ? orders : undefined,
        cursor,
      },
    }),
  );
  const steps = bodies.flatMap((body) => body.steps);
  context.show(json, () => repairText(context, steps, apply === true));
  const unused = orders.filter((order) => !steps.some((step) => isWriteOffOf(step, order)));
  if (unused.length > 0) {
    throw new CliError(EXIT.refused, context.say('writeOffUnused', unused.join(', ')));
  }
  // Any other state needs a person.
  const settled = steps.every(({ state }) => state === 'done' || state === 'planned');
  return settled ? EXIT.done : EXIT.refused;
}

const isWriteOffOf = ({ remedy, id }: RepairedDifference, order: string): boolean =>
  remedy === 'write-off' && id === order.toLowerCase();

const COLOURS: Record<RepairedDifference['state'], Colour> = {
  planned: 'yellow',
  done: 'green',
  refused: 'red',
  left: 'dim',
};

function repairText(
  context: CommandContext,
  steps: RepairedDifference[],
  applied: boolean,
): string {
  const { say } = context;
  if (steps.length === 0) return context.paint('green', say('noDifferences'));
  const count = (state: RepairedDifference['state']) =>
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

function stepText(context: CommandContext, step: RepairedDifference): string {
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

const repairs: ListView<Repair> = {
  columns: [
    { head: 'headAt', cell: ({ moment }, { at }) => moment(at) },
    { head: 'headStep', cell: (_, { step }) => step },
    { head: 'headNumber', cell: (_, { orderId }) => (orderId === null ? '' : numberOf(orderId)) },
    {
      head: 'headAmount',
      cell: ({ money }, { amount }) => (amount === undefined ? '' : money(amount)),
      right: true,
    },
    { head: 'reason', cell: (_, { reason }) => reason, fit: 'cut' },
    { head: 'headMadeBy', cell: (_, { madeBy }) => madeBy, fit: 'wide' },
    { head: 'orderId', cell: (_, { orderId }) => orderId ?? '', fit: 'wide' },
  ],
};
