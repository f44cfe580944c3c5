import { randomUUIDv7 } from 'node:crypto';
import type { NumberedOperation, OperationRow, PaymentRow, WalletRow } from './store.ts';

/** What a caller wants for an order: its payment, or that it never be paid. */
export interface PaymentCommand {
  kind: 'pay' | 'void';
  orderId: string;
  customerId: string;
  /** Minor units. */
  amount: number;
  currency: string;
}

/**
 * The statements of one transaction, in the order in which they are used. Those that are asked for
 * together are sent together, and run one after the other in that order.
 */
export interface DecisionStore {
  lockWallets: (customerIds: string[]) => Promise<Map<string, WalletRow>>;
  findPayments: (orderIds: string[]) => Promise<PaymentRow[]>;
  insertPayments: (payments: PaymentRow[]) => Promise<void>;
  /** @returns the operations as stored */
  insertOperations: (operations: OperationRow[]) => Promise<NumberedOperation[]>;
  updateWallets: (wallets: WalletRow[]) => Promise<void>;
}

export interface DecidePaymentDeps {
  transaction: <T>(work: (store: DecisionStore) => Promise<T>) => Promise<T>;
}

/** The answer to a wish: the order's one decision, and whether this wish made it. */
export interface DecisionResult {
  payment: PaymentRow;
  fresh: boolean;
  /** The operation, where this wish made it. */
  charge: NumberedOperation | null;
}

/** Nothing is decided: the charge is in another currency than the wallet. */
export interface Undecided {
  payment: null;
  walletCurrency: string;
}

/**
 * Step 3 of the protocol: decides the payment of each order once and for ever, or tells what was
 * decided. Void-or-get is the same with another wish, so both meet in one row.
 * Invariants I1, I2 and I4.
 * @returns one answer per wish, in their order; its `payment` may belong to another customer or
 *   amount than the wish, which the caller must refuse
 */
export async function decidePayments(
  deps: DecidePaymentDeps,
  wishes: PaymentCommand[],
): Promise<(DecisionResult | Undecided)[]> {
  return deps.transaction(async (store) => {
    // Wallets first, by every decision and in one order: whoever waits here for a twin sees the
    // twin's decision in the next statement, and nobody waits in a circle.
    const [wallets, existing] = await Promise.all([
      store.lockWallets(wishes.map((wish) => wish.customerId)),
      store.findPayments(wishes.map((wish) => wish.orderId)),
    ]);
    const outcome = decide(wishes, wallets, existing);
    const [, charges] = await Promise.all([
      store.insertPayments(outcome.payments),
      store.insertOperations(outcome.operations),
      store.updateWallets(outcome.wallets),
    ]);
    const chargeOf = new Map(charges.map((charge) => [charge.id, charge]));
    return outcome.decided.map((each) => {
      if (each.payment === null) return each;
      const { payment, fresh } = each;
      const charge = (fresh && chargeOf.get(payment.operationId ?? '')) || null;
      return { payment, fresh, charge };
    });
  });
}

interface DecisionOutcome {
  decided: (Omit<DecisionResult, 'charge'> | Undecided)[];
  payments: PaymentRow[];
  operations: OperationRow[];
  /** Wallets that changed, with their new state. */
  wallets: WalletRow[];
}

/**
 * The decisions themselves, in arrival order. A refusal leaves the running balance as it is, so a
 * large order that fails does not refuse the small one behind it.
 */
export function decide(
  wishes: PaymentCommand[],
  wallets: Map<string, WalletRow>,
  existing: PaymentRow[],
): DecisionOutcome {
  const known = new Map(existing.map((payment) => [payment.orderId, payment]));
  const running = new Map([...wallets].map(([id, wallet]) => [id, { ...wallet }]));
  const changed = new Set<WalletRow>();
  const payments: PaymentRow[] = [];
  const operations: OperationRow[] = [];

  const decided = wishes.map((wish) => {
    const before = known.get(wish.orderId);
    if (before !== undefined) return { payment: before, fresh: false };
    const wallet = running.get(wish.customerId) as WalletRow;
    const foreign = wish.currency !== wallet.currency;
    // Not declined: a decision is for ever, and here a setting is wrong.
    if (foreign && wish.kind === 'pay') return { payment: null, walletCurrency: wallet.currency };
    // The decision is in the order's currency, of which such a wallet holds nothing.
    const balanceSeen = foreign ? 0 : wallet.balance;
    const operation = wish.kind === 'pay' ? charge(wallet, wish) : null;
    if (operation !== null) {
      operations.push(operation);
      changed.add(wallet);
    }
    const payment: PaymentRow = {
      orderId: wish.orderId,
      customerId: wish.customerId,
      amount: wish.amount,
      currency: wish.currency,
      decision: operation !== null ? 'captured' : wish.kind === 'pay' ? 'declined' : 'voided',
      operationId: operation?.id ?? null,
      balanceSeen,
    };
    payments.push(payment);
    known.set(wish.orderId, payment);
    return { payment, fresh: true };
  });
  return { decided, payments, operations, wallets: [...changed] };
}

/** Takes the money from the wallet in hand. @returns null when it holds less */
function charge(wallet: WalletRow, wish: PaymentCommand): OperationRow | null {
  if (wallet.balance < wish.amount) return null;
  wallet.balance -= wish.amount;
  wallet.operationCount += 1;
  return {
    id: randomUUIDv7(),
    customerId: wish.customerId,
    number: wallet.operationCount,
    type: 'charge',
    amount: -wish.amount,
    currency: wish.currency,
    balanceAfter: wallet.balance,
    orderId: wish.orderId,
    idempotencyKey: null,
  };
}
