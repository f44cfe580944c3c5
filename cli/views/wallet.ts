import type { WalletOperation } from '#contracts/billing.ts';
import { orderNumberOf } from '#contracts/order-number.ts';
import type { ListedOperation } from '#contracts/wallet-lists.ts';
import type { CsvColumn } from '../terminal/csv.ts';
import { argumentOf, type Screen } from '../terminal/screen.ts';
import { type Cell, type Column, facts } from '../terminal/table.ts';
import type { ListView } from './list.ts';
import { numberOf } from './order.ts';

type AnyOperation = WalletOperation & Partial<Pick<ListedOperation, 'customerId' | 'madeBy'>>;

/** The paid order, or why an operation was reversed. */
const aboutOf = ({ orderId, reason }: AnyOperation): string =>
  orderId === null ? (reason ?? '') : numberOf(orderId);

const COLUMNS: Column<AnyOperation>[] = [
  { head: 'headMade', cell: ({ moment }, { createdAt }) => moment(createdAt) },
  { head: 'headType', cell: ({ say }, { type }) => say(type) },
  { head: 'headAmount', cell: ({ money }, { amount }) => money(amount), right: true },
  {
    head: 'balance',
    cell: ({ money }, { balanceAfter }) => ({ text: money(balanceAfter), colour: 'dim' }),
    right: true,
  },
  { head: 'headAbout', cell: (_, operation) => aboutOf(operation), fit: 'cut' },
];

const ID: Column<AnyOperation> = { head: 'headOperation', cell: (_, { id }) => id, fit: 'below' };
const MADE_BY: Column<AnyOperation> = {
  head: 'headMadeBy',
  cell: (_, { madeBy }) => madeBy ?? '',
  fit: 'wide',
};
const CUSTOMER: Column<AnyOperation> = {
  head: 'customer',
  cell: (_, { customerId }) => customerId ?? '',
  fit: 'below',
};

/** The operations of the own wallet. */
export const ownOperations: ListView<WalletOperation> = { columns: COLUMNS };

const csv: CsvColumn<AnyOperation>[] = [
  ['id', ({ id }) => id],
  ['createdAt', ({ createdAt }) => createdAt],
  ['type', ({ type }) => type],
  ['amount', ({ amount }) => argumentOf(amount)],
  ['balanceAfter', ({ balanceAfter }) => argumentOf(balanceAfter)],
  ['currency', ({ amount }) => amount.currency],
  ['customerId', ({ customerId }) => customerId],
  ['orderId', ({ orderId }) => orderId],
  ['orderNumber', ({ orderId }) => orderId && orderNumberOf(orderId)],
  ['reversesOperationId', ({ reversesOperationId }) => reversesOperationId],
  ['reason', ({ reason }) => reason],
  ['madeBy', ({ madeBy }) => madeBy],
];

/** The operations of one customer, for the operator. */
export const customerOperations: ListView<AnyOperation> = {
  columns: [...COLUMNS, ID, MADE_BY],
  csv,
};

/** The operations of all wallets. */
export const allOperations: ListView<AnyOperation> = {
  columns: [...COLUMNS, CUSTOMER, ID, MADE_BY],
  csv,
};

/** One operation, with what has reversed it. */
export function operationText(
  screen: Screen,
  { operation, reversal }: { operation: ListedOperation; reversal: ListedOperation | null },
): string {
  const { money, moment, say } = screen;
  const rows: [string, Cell][] = [
    [say('headOperation'), operation.id],
    [say('headType'), say(operation.type)],
    [say('customer'), operation.customerId],
    [say('headAmount'), money(operation.amount)],
    [say('balanceAfter'), money(operation.balanceAfter)],
    [say('headMade'), moment(operation.createdAt)],
  ];
  const { orderId, reason, reversesOperationId } = operation;
  if (orderId !== null) rows.push([say('orderId'), `${numberOf(orderId)}  ${orderId}`]);
  if (reversesOperationId !== undefined) rows.push([say('reverses'), reversesOperationId]);
  if (reason !== undefined) rows.push([say('reason'), reason]);
  if (reversal !== null) {
    const { createdAt, id, madeBy, reason: why } = reversal;
    const parts = [moment(createdAt), id, madeBy, why];
    rows.push([say('reversedBy'), parts.filter(Boolean).join('  ')]);
  }
  return facts(screen, rows);
}
