import type { Answer } from './system.ts';

/** What a client was told about an order it asked for; status 0 when no answer came. */
export interface OrderAnswer {
  customerId: string;
  key: string;
  /** Total that was asked for. */
  amount: number;
  status: number;
  /** Of the order in the answer, where there is one. */
  orderId: string | undefined;
  orderStatus: string | undefined;
  /** What a 406 says the wallet held. */
  balance: number | undefined;
}

export interface TopUpAnswer {
  customerId: string;
  key: string;
  amount: number;
  status: number;
}

/** All answers that the clients of a test got, in the order in which they came. */
export interface History {
  orders: OrderAnswer[];
  topUps: TopUpAnswer[];
}

export function newHistory(): History {
  return { orders: [], topUps: [] };
}

/** An answer as the history keeps it; undefined: none came. */
export function orderAnswer(
  asked: Pick<OrderAnswer, 'customerId' | 'key' | 'amount'>,
  answer: Answer | undefined,
): OrderAnswer {
  const order = answer?.body.order ?? (answer?.body.items && answer.body);
  return {
    ...asked,
    status: answer?.status ?? 0,
    orderId: order?.id,
    orderStatus: order?.status,
    balance: answer?.body.balance?.amount,
  };
}
