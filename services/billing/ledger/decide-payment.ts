import { randomUUIDv7 } from 'node:crypto';
import type { DecisionChanges } from './decision-store.ts';
import type { PaymentRow } from './payment-store.ts';
import type { NumberedOperation, OperationRow, WalletRow } from './store.ts';

/** Pay an order, or void it so that nothing can charge it later. */
export interface PaymentCommand {
  kind: 'pay' | 'void';
  orderId: string;
  customerId: string;
  /** Minor units. */
  amount: number;
  currency: string;
}

/**
 * The statements of one transaction, in the order of their use. Statements that are called without
 * awaiting each other are pipelined, and run in the order of the calls.
 */
export interface DecisionStore {
  lockWallets: (customerIds: string[]) => Promise<Map<string, WalletRow>>;
  findPayments: (orderIds: string[]) => Promise<PaymentRow[]>;
  /** The last statement: COMMIT follows it at once. @returns the charges as stored */
  recordDecisions: (changes: DecisionChanges) => Promise<NumberedOperation[]>;
}

export interface DecidePaymentDeps {
  transaction: <T>(work: (store: DecisionStore) => Promise<T>) => Promise<T>;
}

/** The order's one decision, and whether this command made it. */
export interface DecisionResult {
  payment: PaymentRow;
  fresh: boolean;
  /** The operation, where this command made it. */
  charge: NumberedOperation | null;
}

/** Nothing is decided: the charge is in another currency than the wallet. */
export interface Undecided {
  payment: null;
  walletCurrency: string;
}

/**
 * Step 3 of the protocol: decides the payment of each order once and for ever, or returns the
 * decision that exists. Void-or-get is the same with another command, so both write the same row.
 * Invariants I1, I2 and I4.
 * @returns one result per command, in their order. Its `payment` may have another customer or amount
 *   than the command, which the caller must refuse.
 */
export async function decidePayments(
  deps: DecidePaymentDeps,
  commands: PaymentCommand[],
): Promise<(DecisionResult | Undecided)[]> {
  return deps.transaction(async (store) => {
    // Every decision locks the wallets first, in one order: a concurrent command for the same order
    // waits here and sees the decision in the next statement, and there is no deadlock.
    const [wallets, existing] = await Promise.all([
      store.lockWallets(commands.map((command) => command.customerId)),
      store.findPayments(commands.map((command) => command.orderId)),
    ]);
    const outcome = decide(commands, wallets, existing);
    const charges = await store.recordDecisions(outcome);
    const chargeOf = new Map(charges.map((charge) => [charge.id, charge]));
    return outcome.decided.map((each) => {
      if (each.payment === null) return each;
      const charge = (each.fresh && chargeOf.get(each.payment.operationId ?? '')) || null;
      return { ...each, charge };
    });
  });
}

interface DecisionOutcome extends DecisionChanges {
  decided: (Omit<DecisionResult, 'charge'> | Undecided)[];
}

/**
 * The decisions themselves, in arrival order. A declined order leaves the running balance as it is,
 * so that the small order after it can still be paid.
 */
export function decide(
  commands: PaymentCommand[],
  wallets: Map<string, WalletRow>,
  existing: PaymentRow[],
): DecisionOutcome {
  const known = new Map(existing.map((payment) => [payment.orderId, payment]));
  const running = new Map([...wallets].map(([id, wallet]) => [id, { ...wallet }]));
  const changed = new Set<WalletRow>();
  const payments: PaymentRow[] = [];
  const operations: OperationRow[] = [];

  const decided = commands.map((command) => {
    const before = known.get(command.orderId);
    if (before !== undefined) return { payment: before, fresh: false };
    const wallet = running.get(command.customerId) as WalletRow;
    const foreign = command.currency !== wallet.currency;
    // Not declined: a decision is final, but the cause is a wrong setting that can be corrected.
    if (foreign && command.kind === 'pay')
      return { payment: null, walletCurrency: wallet.currency };
    // The decision is in the order's currency, and a wallet in another currency holds none of it.
    const balanceSeen = foreign ? 0 : wallet.balance;
    const operation = command.kind === 'pay' ? charge(wallet, command, randomUUIDv7()) : null;
    if (operation !== null) {
      operations.push(operation);
      changed.add(wallet);
    }
    const payment: PaymentRow = {
      orderId: command.orderId,
      customerId: command.customerId,
      amount: command.amount,
      currency: command.currency,
      decision: operation !== null ? 'captured' : command.kind === 'pay' ? 'declined' : 'voided',
      operationId: operation?.id ?? null,
      balanceSeen,
    };
    payments.push(payment);
    known.set(command.orderId, payment);
    return { payment, fresh: true };
  });
  return { decided, payments, operations, wallets: [...changed] };
}

/** Takes the money from the wallet. @returns null when it holds less */
export function charge(
  wallet: WalletRow,
  command: Omit<PaymentCommand, 'kind'>,
  id: string,
): OperationRow | null {
  if (wallet.balance < command.amount) return null;
  wallet.balance -= command.amount;
  wallet.operationCount += 1;
  return {
    id,
    customerId: command.customerId,
    number: wallet.operationCount,
    type: 'charge',
    amount: -command.amount,
    currency: command.currency,
    balanceAfter: wallet.balance,
    orderId: command.orderId,
    idempotencyKey: null,
  };
}
