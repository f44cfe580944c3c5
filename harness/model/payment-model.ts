import { isDeepStrictEqual } from 'node:util';
import { BALANCE_MAX } from '#contracts/common.ts';
import type { PaymentCommand } from '#services/billing/ledger/decide-payment.ts';
import type { TopUpRequest } from '#services/billing/ledger/top-up.ts';

// A second implementation of billing's answers and records: plain values, one call after the
// other, without any of billing's code.

/** One call of billing. Each is one transaction, so each happens at once or not at all. */
export type Call =
  | { do: 'decide'; wishes: PaymentCommand[] }
  | { do: 'top-up'; request: TopUpRequest }
  | { do: 'reverse'; request: ReversalCall }
  | { do: 'read'; customerId: string };

/** Undoes the operation with this number in the wallet's history, which may not exist. */
export interface ReversalCall {
  customerId: string;
  number: number;
  type: 'top_up' | 'charge';
}

/** A movement by its number in the wallet's history, which identifies it as its id does. */
export interface Operation {
  /** From 1, without gaps. */
  number: number;
  type: 'charge' | 'top_up' | 'reversal';
  amount: number;
  balanceAfter: number;
  orderId: string | null;
  /** Number of the operation that a reversal undoes, null for others. */
  reverses: number | null;
}

export interface Decision {
  orderId: string;
  customerId: string;
  amount: number;
  decision: 'captured' | 'declined' | 'voided';
  balanceSeen: number;
  /** The charge, when captured. */
  operation: Operation | null;
}

/** The answer to a call, without the random ids that billing generates. */
export type CallResult =
  | { decided: (Decision & { fresh: boolean })[] }
  | { operation: Operation }
  | { refused: string }
  | { balance: number };

export interface Wallet {
  /** The first is number 1; the last one has the balance. */
  operations: Operation[];
  /** Top-ups by their idempotency key. */
  topUps: Map<string, Operation>;
}

/** All that billing holds. */
export interface LedgerState {
  /** By customer; a customer that was only named in a wish has an empty wallet. */
  wallets: Map<string, Wallet>;
  /** By order. */
  decisions: Map<string, Decision>;
}

export const emptyLedger = (): LedgerState => ({ wallets: new Map(), decisions: new Map() });

/** The balance after the last operation; 0 before the first. */
export const balanceOf = (wallet: Wallet | undefined): number =>
  wallet?.operations.at(-1)?.balanceAfter ?? 0;

/** The answer that the call must get from this ledger; updates the ledger accordingly. */
export function answerTo(ledger: LedgerState, call: Call): CallResult {
  switch (call.do) {
    case 'decide': {
      for (const { customerId } of call.wishes) {
        ledger.wallets.set(customerId, ledger.wallets.get(customerId) ?? emptyWallet());
      }
      return { decided: call.wishes.map((wish) => decisionOn(ledger, wish)) };
    }
    case 'top-up':
      return topUpAnswer(ledger, call.request);
    case 'reverse':
      return reversalAnswer(ledger, call.request);
    case 'read':
      return { balance: balanceOf(ledger.wallets.get(call.customerId)) };
  }
}

/**
 * Looks for an order in which the calls, one after the other, get just the answers that they got
 * when they were made at once.
 * @returns the ledger after that order, undefined when there is none. Orders that explain the same
 *   answers leave the same ledger: each change of a wallet has its number in the history
 */
export function explain(
  ledger: LedgerState,
  answered: { call: Call; answer: CallResult }[],
): LedgerState | undefined {
  if (answered.length === 0) return ledger;
  for (const first of answered) {
    const after = structuredClone(ledger);
    if (!isDeepStrictEqual(answerTo(after, first.call), first.answer)) continue;
    const explained = explain(
      after,
      answered.filter((other) => other !== first),
    );
    if (explained !== undefined) return explained;
  }
  return undefined;
}

const emptyWallet = (): Wallet => ({ operations: [], topUps: new Map() });

function decisionOn(ledger: LedgerState, wish: PaymentCommand): Decision & { fresh: boolean } {
  const { kind, orderId, customerId, amount } = wish;
  // For any customer and any amount: an order has one decision.
  const before = ledger.decisions.get(orderId);
  if (before !== undefined) return { ...before, fresh: false };

  const wallet = ledger.wallets.get(customerId) as Wallet;
  const balanceSeen = balanceOf(wallet);
  const refusal = kind === 'void' ? 'voided' : balanceSeen < amount ? 'declined' : null;
  const operation = refusal === null ? movement(wallet, 'charge', -amount, { orderId }) : null;
  const decision = refusal ?? 'captured';
  const made = { orderId, customerId, amount, decision, balanceSeen, operation } as const;
  ledger.decisions.set(orderId, made);
  return { ...made, fresh: true };
}

function topUpAnswer(ledger: LedgerState, request: TopUpRequest): CallResult {
  const { customerId, idempotencyKey } = request;
  const { amount } = request.amount;
  const wallet = ledger.wallets.get(customerId) ?? emptyWallet();
  const before = wallet.topUps.get(idempotencyKey);
  if (before !== undefined) {
    return before.amount === amount ? { operation: before } : { refused: 'idempotency-key-reused' };
  }
  if (balanceOf(wallet) + amount > BALANCE_MAX) return { refused: 'balance-limit' };
  const operation = movement(wallet, 'top_up', amount);
  wallet.topUps.set(idempotencyKey, operation);
  ledger.wallets.set(customerId, wallet);
  return { operation };
}

function reversalAnswer(
  ledger: LedgerState,
  { customerId, number, type }: ReversalCall,
): CallResult {
  const wallet = ledger.wallets.get(customerId);
  const original = wallet?.operations[number - 1];
  if (wallet === undefined || original === undefined) return { refused: 'not-found' };
  if (original.type !== type) return { refused: 'not-reversible' };
  const before = wallet.operations.find(({ reverses }) => reverses === number);
  if (before !== undefined) return { operation: before };
  const balance = balanceOf(wallet) - original.amount;
  if (balance < 0) return { refused: 'reversal-exceeds-balance' };
  if (balance > BALANCE_MAX) return { refused: 'balance-limit' };
  return { operation: movement(wallet, 'reversal', -original.amount, { reverses: number }) };
}

function movement(
  wallet: Wallet,
  type: Operation['type'],
  amount: number,
  { orderId = null, reverses = null }: Partial<Pick<Operation, 'orderId' | 'reverses'>> = {},
): Operation {
  const balanceAfter = balanceOf(wallet) + amount;
  const number = wallet.operations.length + 1;
  const operation = { number, type, amount, balanceAfter, orderId, reverses };
  wallet.operations.push(operation);
  return operation;
}
