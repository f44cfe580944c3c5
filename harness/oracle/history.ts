import type { Answer } from '../requests.ts';

/** The answer to one request for an order; status 0 when no answer came. */
export interface OrderAnswer {
  customerId: string;
  /** Empty where the client sent none and no answer named one. */
  key: string;
  /** Total that was asked for. */
  amount: number;
  /** Items that were asked for (`itemsText`), where they are recorded. */
  items?: string;
  status: number;
  /** Of the order in the answer, where there is one. */
  orderId: string | undefined;
  orderStatus: string | undefined;
  /** Items of the order in the answer. */
  answeredItems?: string | undefined;
  /** The wallet's balance according to a 406. */
  balance: number | undefined;
  /** The order's total according to a 406. */
  required?: number | undefined;
  /** The key that the answer names, null for none; absent where it is not recorded. */
  echoed?: string | null;
}

export interface TopUpAnswer {
  customerId: string;
  key: string;
  amount: number;
  status: number;
  echoed?: string | null;
}

/** A customer all of whose requests are in the history. */
export interface Registration {
  customerId: string;
  email: string;
  name: string;
}

/** All answers that the clients of a test got, in the order in which they came. */
export interface History {
  orders: OrderAnswer[];
  topUps: TopUpAnswer[];
  /** Absent or empty: other requests may exist. */
  customers?: Registration[];
}

export function newHistory(): History & { customers: Registration[] } {
  return { orders: [], topUps: [], customers: [] };
}

/** An answer as the history keeps it; undefined: none came. */
export function orderAnswer(
  asked: Pick<OrderAnswer, 'customerId' | 'key' | 'amount' | 'items'>,
  answer: Answer | undefined,
): OrderAnswer {
  const order = answer?.body?.order ?? (answer?.body?.items && answer.body);
  return {
    ...asked,
    status: answer?.status ?? 0,
    orderId: order?.id,
    orderStatus: order?.status,
    answeredItems: order?.items && itemsText(order.items),
    balance: answer?.body?.balance?.amount,
    required: answer?.body?.required?.amount,
    ...echoOf(answer),
  };
}

/** The key that an answer names, where there is an answer. */
export function echoOf(answer: Answer | undefined): { echoed?: string | null } {
  return answer === undefined ? {} : { echoed: answer.headers.get('idempotency-key') };
}

/** Items as one text, equal for equal ones: the order of their members does not matter. */
export function itemsText(items: unknown[]): string {
  return JSON.stringify(
    (items as Record<string, unknown>[]).map(({ name, sku, quantity, unitPrice }) => {
      const { amount, currency } = unitPrice as Record<string, unknown>;
      return [name, sku ?? null, quantity, amount, currency];
    }),
  );
}
