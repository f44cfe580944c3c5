import { isDeepStrictEqual } from 'node:util';
import { Agent, request } from 'undici';
import { retry, WAIT_MS } from '#harness/eventually.ts';
import { echoOf, itemsText, newHistory, orderAnswer } from '#harness/oracle/history.ts';
import type { Answer } from '#harness/requests.ts';
import { PASSWORD, rub } from '#harness/system/system.ts';
import { type Item, totalOf } from './basket.ts';

export interface Customer {
  customerId: string;
  token: string;
}

/** What is asked for; without a key the gateway makes one. */
export interface Asked {
  key?: string;
  items: Item[];
}

/** How an order's request was answered, and how long that took. */
export interface Sample {
  ms: number;
  status: number;
  key: string;
  /** The first request of its key. */
  first: boolean;
  /** The client did not wait for the answer. */
  hungUp: boolean;
  /** The key was used for another body before: 422 is right. */
  otherBody: boolean;
}

export interface AskOptions {
  /** The client hangs up after so long, whatever comes then. */
  hangUpAfterMs?: number;
  first?: boolean;
  otherBody?: boolean;
}

/** Whom to register. */
export interface NewCustomer {
  email: string;
  name?: string;
  locale?: 'ru' | 'en';
  /** Minor units; the wallet stays empty when absent. */
  topUp?: number;
}

/** Asks the gateways as customers do, and writes down what they answer. */
export interface Client {
  history: ReturnType<typeof newHistory>;
  samples: Sample[];
  /** What reads of single orders gave that differs from what was answered before. */
  misreads: string[];
  /** A new customer, also on a machine that is very busy. */
  register(gateway: string, customer: NewCustomer): Promise<Customer>;
  /** Who signs in, without the id. */
  signIn(gateway: string, email: string, password?: string): Promise<Customer>;
  /** One request for an order. @returns its answer; undefined: none came */
  order(gateway: string, customer: Customer, asked: Asked, options?: AskOptions): Ask;
  /** Reads an ended order again: it must be what the answer showed. */
  readAgain(gateway: string, customer: Customer, order: { id: string }): Promise<void>;
  topUp(gateway: string, customer: Customer, asked: { key?: string; amount: number }): Ask;
  /** A request without a body. */
  send(method: 'GET' | 'POST', gateway: string, customer: Customer, path: string): Ask;
  close(): Promise<void>;
}

type Ask = Promise<Answer | undefined>;

/** Answers that end an order's request; after every other the same is asked again. */
export const FINAL = [201, 406, 409];

// Longer than the gateway's budget: whoever waits so long has an answer, or its connection is dead.
const ANSWER_TIMEOUT_MS = 10_000;

export function createClient(history = newHistory()): Client {
  const agent = new Agent({ connections: 256, headersTimeout: 0, bodyTimeout: 0 });
  const samples: Sample[] = [];
  const misreads: string[] = [];

  async function exchange(
    url: string,
    options: { method: 'GET' | 'POST'; headers?: Record<string, string>; body?: unknown },
    timeoutMs = ANSWER_TIMEOUT_MS,
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
      body: bodyOf(text),
    };
  }

  const headersOf = ({ token }: Customer, key?: string) => ({
    authorization: `Bearer ${token}`,
    ...(key !== undefined && { 'idempotency-key': key }),
  });

  /** Repeats a request until it is answered with this status. */
  const untilStatus = (status: number, url: string, body: unknown) =>
    retry(`POST ${url}`, async () => {
      const answer = await exchange(url, { method: 'POST', body }, WAIT_MS);
      if (answer.status === status) return answer.body;
      throw new Error(JSON.stringify(answer.body));
    });

  return {
    history,
    samples,
    misreads,
    async register(gateway, { email, name = 'Анна', locale = 'ru', topUp = 0 }) {
      // Repeated, it completes what a lost answer left unknown.
      const body = { email, password: PASSWORD, name, locale };
      const { customerId } = await untilStatus(201, `${gateway}/v1/registrations`, body);
      history.customers.push({ customerId, email, name });
      const customer: Customer = { ...(await this.signIn(gateway, email)), customerId };
      if (topUp > 0) {
        await retry(`a top-up of ${email}`, async () => {
          const answer = await this.topUp(gateway, customer, { key: 'at-first', amount: topUp });
          if (answer?.status !== 201) throw new Error(`answered ${answer?.status}`);
        });
      }
      return customer;
    },
    async signIn(gateway, email, password = PASSWORD) {
      const { accessToken } = await untilStatus(200, `${gateway}/v1/sessions`, { email, password });
      return { customerId: '', token: accessToken };
    },
    async order(gateway, customer, { key, items }, options = {}) {
      const { hangUpAfterMs, first = true, otherBody = false } = options;
      const started = performance.now();
      const answer = await exchange(
        `${gateway}/v1/orders`,
        { method: 'POST', headers: headersOf(customer, key), body: { items } },
        hangUpAfterMs,
      ).catch(() => undefined);
      const ms = performance.now() - started;
      const named = key ?? answer?.headers.get('idempotency-key') ?? '';
      const hungUp = hangUpAfterMs !== undefined;
      const { status = 0 } = answer ?? {};
      samples.push({ ms, status, key: named, first, hungUp, otherBody });
      const { customerId } = customer;
      const asked = { key: named, amount: totalOf(items), items: itemsText(items) };
      history.orders.push(orderAnswer({ customerId, ...asked }, answer));
      return answer;
    },
    async readAgain(gateway, customer, order) {
      const path = `/v1/orders/${order.id}`;
      const answer = await this.send('GET', gateway, customer, path);
      // Only what is answered can differ.
      if (answer?.status !== 200 || isDeepStrictEqual(answer.body, order)) return;
      misreads.push(
        `GET ${path} gave ${JSON.stringify(answer.body)}, not ${JSON.stringify(order)}`,
      );
    },
    async topUp(gateway, customer, { key, amount }) {
      const answer = await exchange(`${gateway}/v1/wallet/top-ups`, {
        method: 'POST',
        headers: headersOf(customer, key),
        body: { amount: rub(amount) },
      }).catch(() => undefined);
      const { customerId } = customer;
      const named = key ?? answer?.headers.get('idempotency-key') ?? '';
      const { status = 0 } = answer ?? {};
      history.topUps.push({ customerId, key: named, amount, status, ...echoOf(answer) });
      return answer;
    },
    send: (method, gateway, customer, path) =>
      exchange(gateway + path, { method, headers: headersOf(customer) }, WAIT_MS).catch(
        () => undefined,
      ),
    close: () => agent.destroy(),
  };
}

/** What is not JSON is an answer all the same, and a violation by its status or its members. */
function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}
