import type { Money } from '#contracts/common.ts';
import type { OperatorLetter } from '#contracts/letter-operations.ts';
import type { SearchHit } from '#contracts/operator.ts';
import type { IdRange } from '#contracts/order-number.ts';
import type { Order } from '#contracts/orders.ts';
import type { Profile } from '#contracts/profiles.ts';
import type { ListedOperation } from '#contracts/wallet-lists.ts';
import type { ParsedQuery } from './parse-query.ts';

/** The services that know what is looked for. */
export const SEARCHED = ['orders', 'billing', 'profiles', 'notifications'] as const;
export type Searched = (typeof SEARCHED)[number];

/** The calls of a search; each throws where its service does not answer. */
export interface SearchDeps {
  findOrders: (range: IdRange) => Promise<Order[]>;
  findTracedOrders: (traceId: string) => Promise<Order[]>;
  /** Whether the customer has an order. */
  hasOrders: (customerId: string) => Promise<boolean>;
  findLetter: (id: string) => Promise<OperatorLetter | null>;
  findTracedLetters: (traceId: string) => Promise<OperatorLetter[]>;
  findOperation: (id: string) => Promise<ListedOperation | null>;
  /** The balances of those of the customers who have a wallet. */
  findBalances: (customerIds: string[]) => Promise<Map<string, Money>>;
  findProfile: (customerId: string) => Promise<Profile | null>;
  findProfilesByEmail: (email: string) => Promise<Profile[]>;
  /** The result of a call, `otherwise` where it throws; logs that. */
  partOr: <T, O>(otherwise: O, call: () => Promise<T>) => Promise<T | O>;
}

const HITS_MAX = 10;

/**
 * All that a text may name: orders, customers, letters and wallet operations, at most ten of each. A
 * service that does not answer hides nothing of the others; it is named.
 */
export async function search(
  deps: SearchDeps,
  query: ParsedQuery,
): Promise<{ data: SearchHit[]; unavailable: Searched[] }> {
  const missing = new Set<Searched>();
  async function ask<T, O>(
    service: Searched,
    otherwise: O,
    call: () => Promise<T>,
  ): Promise<T | O> {
    const found = await deps.partOr(MISSING, call);
    if (found !== MISSING) return found as T;
    missing.add(service);
    return otherwise;
  }
  const found = await Promise.all([
    findOrders(deps, query, ask),
    findCustomers(deps, query, ask),
    findLetters(deps, query, ask),
    findOperations(deps, query, ask),
  ]);
  return {
    data: found.flatMap((hits) => distinct(hits).slice(0, HITS_MAX)),
    unavailable: SEARCHED.filter((service) => missing.has(service)),
  };
}

const MISSING = Symbol('missing');

type Ask = <T, O>(service: Searched, otherwise: O, call: () => Promise<T>) => Promise<T | O>;

async function findOrders(deps: SearchDeps, query: ParsedQuery, ask: Ask): Promise<SearchHit[]> {
  const { traceId } = query;
  const found = await Promise.all([
    ...query.ranges.map(async ({ ids, matched }) => {
      const orders = await ask('orders', [], () => deps.findOrders(ids));
      return orders.map((order) => orderHit(order, matched));
    }),
    ...(traceId === null ? [] : [traceId]).map(async (trace) => {
      const orders = await ask('orders', [], () => deps.findTracedOrders(trace));
      return orders.map((order) => orderHit(order, 'trace-id'));
    }),
  ]);
  return found.flat();
}

/**
 * Customers by id and by address. An id counts as a customer's also without a profile, where it has
 * orders or a wallet: with a foreign issuer a profile may be missing for ever.
 */
async function findCustomers(deps: SearchDeps, query: ParsedQuery, ask: Ask): Promise<SearchHit[]> {
  const { customerIds, email } = query;
  const [known, sameEmail] = await Promise.all([
    Promise.all(
      customerIds.map(async (id) => {
        const [profile, hasOrders] = await Promise.all([
          ask('profiles', null, () => deps.findProfile(id)),
          ask('orders', false, () => deps.hasOrders(id)),
        ]);
        return { id, isKnown: profile !== null || hasOrders };
      }),
    ),
    email === null ? [] : ask('profiles', [], () => deps.findProfilesByEmail(email)),
  ]);
  const byEmail = sameEmail.slice(0, HITS_MAX).map(({ customerId }) => customerId);
  const wanted = [...customerIds, ...byEmail];
  if (wanted.length === 0) return [];
  const balances = await ask('billing', new Map<string, Money>(), () => deps.findBalances(wanted));
  const hit = (id: string, matched: SearchHit['matched']) =>
    customerHit(id, matched, balances.get(id) ?? null);
  return [
    ...known
      .filter(({ id, isKnown }) => isKnown || balances.has(id))
      .map(({ id }) => hit(id, 'customer-id')),
    ...byEmail.map((id) => hit(id, 'email')),
  ];
}

async function findLetters(deps: SearchDeps, query: ParsedQuery, ask: Ask): Promise<SearchHit[]> {
  const { ids, isMessageId, traceId } = query;
  const found = await Promise.all([
    ...ids.map(async (id) => {
      const letter = await ask('notifications', null, () => deps.findLetter(id));
      const matched = isMessageId ? 'message-id' : 'letter-id';
      return letter === null ? [] : [letterHit(letter, matched)];
    }),
    ...(traceId === null ? [] : [traceId]).map(async (trace) => {
      const letters = await ask('notifications', [], () => deps.findTracedLetters(trace));
      return letters.map((letter) => letterHit(letter, 'trace-id'));
    }),
  ]);
  return found.flat();
}

async function findOperations(
  deps: SearchDeps,
  { ids }: ParsedQuery,
  ask: Ask,
): Promise<SearchHit[]> {
  const found = await Promise.all(
    ids.map((id) => ask('billing', null, () => deps.findOperation(id))),
  );
  return found.flatMap((operation) => (operation === null ? [] : [operationHit(operation)]));
}

/** One hit for each thing: the first way in which it was found. */
function distinct(hits: SearchHit[]): SearchHit[] {
  return [...new Map(hits.toReversed().map((hit) => [hit.id, hit])).values()].toReversed();
}

function orderHit(order: Order, matched: SearchHit['matched']): SearchHit {
  const { id, customerId, createdAt: at, status: state, total: amount } = order;
  return { kind: 'order', id, matched, orderId: id, customerId, at, state, amount };
}

function customerHit(id: string, matched: SearchHit['matched'], amount: Money | null): SearchHit {
  const unknown = { orderId: null, at: null, state: null };
  return { kind: 'customer', id, matched, customerId: id, ...unknown, amount };
}

function letterHit(letter: OperatorLetter, matched: SearchHit['matched']): SearchHit {
  const { id, orderId, customerId, createdAt: at, state, total: amount = null } = letter;
  return { kind: 'letter', id, matched, orderId, customerId, at, state, amount };
}

function operationHit(operation: ListedOperation): SearchHit {
  const { id, orderId, customerId, createdAt: at, type: state, amount } = operation;
  const matched = 'operation-id';
  return { kind: 'operation', id, matched, orderId, customerId, at, state, amount };
}
