import { eventually } from '../eventually.ts';
import { echoOf, type History, orderAnswer } from '../oracle/history.ts';
import { type Answer, call } from '../requests.ts';
import { orderOf, rub } from './system.ts';

export interface TrafficOptions {
  /** Base URL of the gateway to ask now; it may change while clients run. */
  url: () => string;
  customers: { customerId: string; token: string }[];
  clients: number;
  /** By each client. */
  orders: number;
  history: History;
  /** Called after each answer that ended an order, with their number so far. */
  onEnded?: (ended: number) => void;
  /** Once false, clients abandon requests without a final answer, and end. */
  mayGoOn?: () => boolean;
}

const FINAL = [201, 406, 409];
const PRICE = 100;
// No wallet ever holds this much.
const TOO_DEAR = 1_000_000;

/**
 * Clients that place orders one after the other: of each five, four cheap ones and one that no
 * wallet can pay, then a top-up of four cheap ones. A request without a final answer is repeated
 * with the same key until it has one, as docs/protocol.md requires of clients.
 */
export async function runTraffic(options: TrafficOptions): Promise<void> {
  let ended = 0;
  const client = async (number: number): Promise<void> => {
    const customer = options.customers[number % options.customers.length];
    if (customer === undefined) throw new Error('traffic needs a customer');
    for (let each = 0; each < options.orders && mayGoOn(options); each++) {
      const amount = each % 5 === 4 ? TOO_DEAR : PRICE;
      await placeUntilEnded(options, customer, { key: `client-${number}-${each}`, amount });
      options.onEnded?.(++ended);
      if (each % 5 !== 4 || !mayGoOn(options)) continue;
      await topUpUntilDone(options, customer, {
        key: `client-${number}-${each}`,
        amount: 4 * PRICE,
      });
    }
  };
  await Promise.all(Array.from({ length: options.clients }, (_, number) => client(number)));
}

const mayGoOn = (options: TrafficOptions): boolean => options.mayGoOn?.() ?? true;

type Asked = { key: string; amount: number };
type Customer = TrafficOptions['customers'][number];

function placeUntilEnded(options: TrafficOptions, customer: Customer, asked: Asked) {
  return eventually(`an end of ${asked.key}`, async () => {
    const answer = await ask(options, customer, '/v1/orders', asked.key, orderOf(asked.amount));
    const { customerId } = customer;
    options.history.orders.push(orderAnswer({ customerId, ...asked }, answer));
    return FINAL.includes(answer?.status ?? 0) || !mayGoOn(options);
  });
}

function topUpUntilDone(options: TrafficOptions, customer: Customer, asked: Asked) {
  return eventually(`top-up ${asked.key}`, async () => {
    const body = { amount: rub(asked.amount) };
    const answer = await ask(options, customer, '/v1/wallet/top-ups', asked.key, body);
    const { customerId } = customer;
    const { status = 0 } = answer ?? {};
    options.history.topUps.push({ customerId, ...asked, status, ...echoOf(answer) });
    return answer?.status === 201 || !mayGoOn(options);
  });
}

/** @returns undefined when the connection ended without an answer */
async function ask(
  { url }: TrafficOptions,
  { token }: Customer,
  path: string,
  key: string,
  body: unknown,
): Promise<Answer | undefined> {
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key };
  return call(url(), 'POST', path, { headers, body }).catch(() => undefined);
}
