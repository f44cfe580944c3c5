import type { PublicOrder } from '#contracts/gateway.ts';
import type { OperatorLetter } from '#contracts/notifications.ts';
import type { OperatorCustomer, SearchHit } from '#contracts/operator.ts';
import type { ListedOperation } from '#contracts/wallet-lists.ts';
import type { CommandContext } from '../terminal/command-context.ts';
import type { CsvColumn } from '../terminal/csv.ts';
import { argumentOf, type Screen } from '../terminal/screen.ts';
import { type Cell, type Column, facts } from '../terminal/table.ts';
import type { TextKey } from '../texts/messages.ts';
import { allLetters } from './letter.ts';
import { type ListView, pagesText } from './list.ts';
import { allOrders, numberOf } from './order.ts';
import { customerOperations } from './wallet.ts';

export function balanceText(screen: Screen, balance: OperatorCustomer['balance']): string {
  return balance === null ? screen.say('unknownBalance') : screen.money(balance);
}

const csv: CsvColumn<OperatorCustomer>[] = [
  ['customerId', ({ customerId }) => customerId],
  ['name', ({ name }) => name],
  ['email', ({ email }) => email],
  ['locale', ({ locale }) => locale],
  ['balance', ({ balance }) => balance && argumentOf(balance)],
  ['currency', ({ balance }) => balance?.currency],
];

/** Customers with their balances. */
export const customerList: ListView<OperatorCustomer> = {
  columns: [
    { head: 'customer', cell: (_, { customerId }) => customerId },
    { head: 'name', cell: (_, { name }) => name, fit: 'cut' },
    { head: 'email', cell: (_, { email }) => email, fit: 'cut' },
    { head: 'headLanguage', cell: (_, { locale }) => locale, fit: 'wide' },
    { head: 'balance', cell: (screen, { balance }) => balanceText(screen, balance), right: true },
  ],
  csv,
};

interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

/** What is known of one customer; a part is null where its service is away. */
export interface CustomerView {
  customerId: string;
  profile: OperatorCustomer | null;
  operations: Page<ListedOperation> | null;
  orders: Page<PublicOrder> | null;
  letters: Page<OperatorLetter> | null;
  unavailable: string[];
}

/** One customer on one page. */
export function customerText(context: CommandContext, view: CustomerView): string {
  const { say } = context;
  const { customerId, letters, operations, orders, profile, unavailable } = view;
  const rows: [string, Cell][] = [[say('customer'), customerId]];
  if (profile !== null) {
    rows.push(
      [say('name'), profile.name],
      [say('email'), profile.email],
      [say('lettersIn'), profile.locale],
      [say('balance'), balanceText(context, profile.balance)],
    );
  }
  const part = <T>(title: TextKey, list: ListView<T>, page: Page<T> | null) => {
    const more = 'moreOfCustomer' as const;
    const text = page === null ? say('noAnswerFrom') : pagesText(context, list, [page], more);
    return `${context.paint('bold', say(title))}\n${text}`;
  };
  const parts = [
    facts(context, rows),
    part('titleOperations', customerOperations, operations),
    part('titleOrders', allOrders, orders),
    part('titleLetters', allLetters, letters),
  ];
  if (unavailable.length > 0) {
    parts.push(context.paint('yellow', say('missingParts', unavailable.join(', '))));
  }
  return parts.join('\n\n');
}

/** What a search found. */
export const hitColumns: Column<SearchHit>[] = [
  { head: 'headKind', cell: ({ say }, { kind }) => say(`kind-${kind}`) },
  // Of a customer, whose id may be longer than a UUID.
  { head: 'headId', cell: (_, { id }) => id },
  {
    head: 'headNumber',
    cell: (_, { orderId }) => (orderId === null ? '' : numberOf(orderId)),
  },
  { head: 'state', cell: ({ say }, { state }) => stateText(say, state), fit: 'cut' },
  {
    head: 'headAmount',
    cell: ({ money }, { amount }) => (amount === null ? '' : money(amount)),
    right: true,
    fit: 'wide',
  },
  { head: 'headMade', cell: ({ moment }, { at }) => (at === null ? '' : moment(at)), fit: 'wide' },
  {
    head: 'customer',
    cell: (_, { customerId, kind }) => (kind === 'customer' ? '' : (customerId ?? '')),
    fit: 'wide',
  },
];

const STATES: Record<string, TextKey> = {
  Pending: 'status-Pending',
  Paid: 'status-Paid',
  Cancelled: 'status-Cancelled',
  queued: 'queued',
  sending: 'sending',
  sent: 'sent',
  failed: 'failed',
  top_up: 'top_up',
  charge: 'charge',
  reversal: 'reversal',
};

/** A state that a newer version has made is shown as it is. */
function stateText(say: Screen['say'], state: string | null): string {
  const key = STATES[state ?? ''];
  return key === undefined ? (state ?? '') : say(key);
}
