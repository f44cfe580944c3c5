import { Agent, request } from 'undici';
import { type History, orderAnswer } from '../../test/history.ts';
import { type Answer, orderOf, PASSWORD, rub } from '../../test/system.ts';

export interface Customer {
  customerId: string;
  token: string;
}

/** What is asked for: a key and an amount in minor units. */
export interface Asked {
  key: string;
  amount: number;
}

/** How long an answer took. */
export interface Sample {
  ms: number;
  status: number;
  /** The first request of its key. */
  first: boolean;
}

export interface AskOptions {
  /** The client hangs up after so long, whatever comes then. */
  hangUpAfterMs?: number;
  first?: boolean;
}

/** Asks the gateways as customers do, and writes down what they answer. */
export interface Client {
  history: History;
  samples: Sample[];
  /** A new customer. @param topUp minor units; 0 leaves the wallet empty */
  register(gateway: string, email: string, topUp: number): Promise<Customer>;
  /** Who signs in, without the id. */
  signIn(gateway: string, email: string, password?: string): Promise<Customer>;
  /** One request for an order. @returns its answer; undefined: none came */
  order(gateway: string, customer: Customer, asked: Asked, options?: AskOptions): Ask;
  topUp(gateway: string, customer: Customer, asked: Asked): Ask;
  /** A request without a body. */
  post(gateway: string, customer: Customer, path: string): Ask;
  close(): Promise<void>;
}

type Ask = Promise<Answer | undefined>;

/** Answers that end an order's request; after every other the same is asked again. */
export const FINAL = [201, 406, 409];

// Longer than the gateway's budget: whoever waits so long has an answer, or its connection is dead.
const PATIENCE_MS = 10_000;

/** @param history gets each answer as it comes */
export function createClient(history: History): Client {
  const agent = new Agent({ connections: 256, headersTimeout: 0, bodyTimeout: 0 });
  const samples: Sample[] = [];

  async function send(
    url: string,
    options: { method: 'POST'; headers: Record<string, string>; body?: unknown },
    timeoutMs = PATIENCE_MS,
  ): Promise<Answer> {
    const { body, headers } = options;
    const answer = await request(url, {
      dispatcher: agent,
      method: options.method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      headers: new Headers(answer.headers as Record<string, string>),
      body: JSON.parse(text),
    };
  }

  const headersOf = ({ token }: Customer, key?: string) => ({
    authorization: `Bearer ${token}`,
    ...(key !== undefined && { 'idempotency-key': key }),
  });

  return {
    history,
    samples,
    async register(gateway, email, topUp) {
      const account = { email, password: PASSWORD };
      const registered = await send(`${gateway}/v1/registrations`, {
        ...{ method: 'POST', headers: {}, body: { ...account, name: 'Анна' } },
      });
      if (registered.status !== 201) throw new Error(JSON.stringify(registered.body));
      const { customerId } = registered.body;
      const customer: Customer = { ...(await this.signIn(gateway, email)), customerId };
      if (topUp > 0) await this.topUp(gateway, customer, { key: 'at-first', amount: topUp });
      return customer;
    },
    async signIn(gateway, email, password = PASSWORD) {
      const url = `${gateway}/v1/sessions`;
      const session = await send(url, { method: 'POST', headers: {}, body: { email, password } });
      if (session.status !== 200) throw new Error(JSON.stringify(session.body));
      return { customerId: '', token: session.body.accessToken };
    },
    async order(gateway, customer, asked, { hangUpAfterMs = PATIENCE_MS, first = true } = {}) {
      const started = performance.now();
      const body = orderOf(asked.amount);
      const headers = headersOf(customer, asked.key);
      const answer = await send(
        `${gateway}/v1/orders`,
        { method: 'POST', headers, body },
        hangUpAfterMs,
      ).catch(() => undefined);
      const ms = performance.now() - started;
      samples.push({ ms, status: answer?.status ?? 0, first });
      const { customerId } = customer;
      history.orders.push(orderAnswer({ customerId, ...asked }, answer));
      return answer;
    },
    async topUp(gateway, customer, asked) {
      const answer = await send(`${gateway}/v1/wallet/top-ups`, {
        ...{ method: 'POST', headers: headersOf(customer, asked.key) },
        body: { amount: rub(asked.amount) },
      }).catch(() => undefined);
      const { customerId } = customer;
      history.topUps.push({ customerId, ...asked, status: answer?.status ?? 0 });
      return answer;
    },
    post: (gateway, customer, path) =>
      send(gateway + path, { method: 'POST', headers: headersOf(customer) }).catch(() => undefined),
    close: () => agent.destroy(),
  };
}
