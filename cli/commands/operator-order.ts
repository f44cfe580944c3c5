import type { Static } from 'typebox';
import type { PublicPendingOrder } from '#contracts/operator.ts';
import { EXIT } from '../client/exit-codes.ts';
import { type CommandContext, SOME_ID, SOME_NUMBER } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { orderIdOf } from '../terminal/order-argument.ts';
import { type ListView, listOf } from '../views/list.ts';
import { allOrders, orderColumns, orderText } from '../views/order.ts';
import { queryOf, rangeOptions } from './filters.ts';

/** Orders of all customers. */
export function addOperatorOrderCommands(registrar: CommandRegistrar): void {
  const { add, choice, limit, listOptions, option, reason } = registrar;
  const list = listOf('readAllOrders', allOrders, { queryOf });
  const examples = [
    'operator orders --status Cancelled --from 2026-03-05',
    'operator orders --customer anna@example.com --csv --all',
  ];
  add('orders', 'operatorOrders', list, examples, [
    choice('--status <status>', 'optionStatus', ['Pending', 'Paid', 'Cancelled']),
    choice('--reason <reason>', 'optionCancelReason', ['insufficient-funds', 'voided']),
    option('--customer <customer>', 'optionOfCustomer'),
    ...rangeOptions(registrar),
    choice('--sort <order>', 'optionSort', ['newest', 'oldest']),
    ...listOptions(),
  ]);
  const pending = listOf('readPendingOrders', pendingOrders);
  add('pending', 'pending', pending, ['operator pending'], [limit()]);
  const why = '--reason "the customer called"';
  const settleExamples = [
    `operator settle ${SOME_NUMBER} ${why}`,
    `operator settle ${SOME_ID} ${why}`,
  ];
  add('settle <order>', 'settle', settle, settleExamples, [reason('optionSettleReason')]);
}

const pendingOrders: ListView<Static<typeof PublicPendingOrder>> = {
  columns: [
    { head: 'headAge', cell: ({ duration }, { ageMs }) => duration(ageMs), right: true },
    orderColumns.total,
    orderColumns.number,
    {
      head: 'headRecoveries',
      cell: (_, { recovery }) => String(recovery.attempts),
      right: true,
    },
    { head: 'headError', cell: (_, { recovery }) => recovery.error ?? '', fit: 'cut' },
    { head: 'created', cell: ({ moment }, { createdAt }) => moment(createdAt), fit: 'wide' },
    orderColumns.id,
  ],
};

/** Ends a pending order now, as recovery would later; an ended order stays as it is. */
async function settle(context: CommandContext, { reason }: { reason: string }, text: string) {
  const params = { orderId: await orderIdOf(context, text) };
  const answer = await context.call('settleOrder', { params, body: { reason } });
  context.show(answer.text, () => orderText(context, answer.body));
  return answer.body.status === 'Pending' ? EXIT.pending : EXIT.done;
}
