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
  account: { email: string; password: string };
  /** Of the token, by the monotonic clock. */
  signedInAt: number;
}

/** The content of an order request; without a key the gateway generates one. */
export interface OrderRequest {
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
  /** The client hangs up after this time without an answer. */
  hangUpAfterMs?: number;
  first?: boolean;
  otherBody?: boolean;
}

type Method = 'GET' | 'POST' | 'DELETE';

/** Undefined: no answer came. */
type MaybeAnswer = Promise<Answer | undefined>;

/** Final answers of an order request; after any other, the request is repeated. */
export const FINAL = [201, 406, 409];

// A token lives for 15 minutes: a sign-in that faults delay still comes in time.
const SIGN_IN_AGAIN_MS = 5 * 60_000;
// Longer than the gateway's deadline: a client that waits so long has an answer, or a dead connection.
const ANSWER_TIMEOUT_MS = 10_000;

/** Asks the gateways as customers do, and records their answers. */
export class Client {
  readonly history: ReturnType<typeof newHistory>;
  readonly samples: Sample[] = [];
  /** Reads of single orders that differ from the answer before. */
  readonly misreads: string[] = [];
  readonly #agent = new Agent({ connections: 256, headersTimeout: 0, bodyTimeout: 0 });

  constructor(history = newHistory()) {
    this.history = history;
  }

  /** A new customer, also on a machine that is very busy. */
  async register(
    gateway: string,
    account: { email: string; name?: string; locale?: 'ru' | 'en'; topUp?: number },
  ): Promise<Customer> {
    const { email, name = 'Анна', locale = 'ru', topUp = 0 } = account;
    // Repeated, it completes what a lost answer left unknown.
    const body = { email, password: PASSWORD, name, locale };
    const { customerId } = await this.#untilStatus(201, `${gateway}/v1/registrations`, body);
    this.history.customers.push({ customerId, email, name });
    const customer: Customer = { ...(await this.signIn(gateway, email)), customerId };
    if (topUp > 0) await this.fillWallet(gateway, customer, topUp);
    return customer;
  }

  /** The first top-up of a customer's wallet. */
  fillWallet(gateway: string, customer: Customer, amount: number): Promise<void> {
    return retry('a top-up', async () => {
      const answer = await this.topUp(gateway, customer, { key: 'at-first', amount });
      if (answer?.status !== 201) throw new Error(`answered ${answer?.status}`);
    });
  }

  /** The customer who signs in, without the id. */
  async signIn(gateway: string, email: string, password = PASSWORD): Promise<Customer> {
    const body = { email, password };
    const { accessToken } = await this.#untilStatus(200, `${gateway}/v1/sessions`, body);
    const signedInAt = performance.now();
    return { customerId: '', token: accessToken, account: body, signedInAt };
  }

  /** Signs in again long before the token expires: no answer waits for that, nor is it missed. */
  #keepSignedIn(gateway: string, customer: Customer): void {
    if (performance.now() - customer.signedInAt < SIGN_IN_AGAIN_MS) return;
    customer.signedInAt = performance.now();
    const { email, password } = customer.account;
    this.signIn(gateway, email, password).then(
      ({ token }) => {
        customer.token = token;
      },
      () => {},
    );
  }

  /** One request for an order. */
  async order(
    gateway: string,
    customer: Customer,
    { key, items }: OrderRequest,
    options: AskOptions = {},
  ): MaybeAnswer {
    const { hangUpAfterMs, first = true, otherBody = false } = options;
    this.#keepSignedIn(gateway, customer);
    const started = performance.now();
    const answer = await this.#exchange(
      `${gateway}/v1/orders`,
      { method: 'POST', headers: headersOf(customer, key), body: { items } },
      hangUpAfterMs,
    ).catch(() => undefined);
    const ms = performance.now() - started;
    const named = key ?? answer?.headers.get('idempotency-key') ?? '';
    const hungUp = hangUpAfterMs !== undefined;
    const { status = 0 } = answer ?? {};
    this.samples.push({ ms, status, key: named, first, hungUp, otherBody });
    const { customerId } = customer;
    const asked = { key: named, amount: totalOf(items), items: itemsText(items) };
    this.history.orders.push(orderAnswer({ customerId, ...asked }, answer));
    return answer;
  }

  /** Reads an ended order again: it must equal the order in the answer. */
  async readAgain(gateway: string, customer: Customer, order: { id: string }): Promise<void> {
    const path = `/v1/orders/${order.id}`;
    const answer = await this.send('GET', gateway, customer, path);
    // Only a 200 can contradict the order.
    if (answer?.status !== 200 || isDeepStrictEqual(answer.body, order)) return;
    this.misreads.push(
      `GET ${path} gave ${JSON.stringify(answer.body)}, not ${JSON.stringify(order)}`,
    );
  }

  async topUp(
    gateway: string,
    customer: Customer,
    { key, amount }: { key?: string; amount: number },
  ): MaybeAnswer {
    this.#keepSignedIn(gateway, customer);
    const answer = await this.#exchange(`${gateway}/v1/wallet/top-ups`, {
      method: 'POST',
      headers: headersOf(customer, key),
      body: { amount: rub(amount) },
    }).catch(() => undefined);
    const { customerId } = customer;
    const named = key ?? answer?.headers.get('idempotency-key') ?? '';
    const { status = 0 } = answer ?? {};
    this.history.topUps.push({ customerId, key: named, amount, status, ...echoOf(answer) });
    return answer;
  }

  /** A request without a body. */
  send(
    method: Method,
    gateway: string,
    customer: Customer,
    path: string,
    body?: unknown,
  ): MaybeAnswer {
    this.#keepSignedIn(gateway, customer);
    const headers = headersOf(customer);
    const request = { method, headers, ...(body !== undefined && { body }) };
    return this.#exchange(gateway + path, request, WAIT_MS).catch(() => undefined);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #exchange(
    url: string,
    options: { method: Method; headers?: Record<string, string>; body?: unknown },
    timeoutMs = ANSWER_TIMEOUT_MS,
  ): Promise<Answer> {
    const { body, headers } = options;
    const answer = await request(url, {
      dispatcher: this.#agent,
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

  /** Repeats a request until it is answered with this status. */
  #untilStatus(status: number, url: string, body: unknown) {
    return retry(`POST ${url}`, async () => {
      const answer = await this.#exchange(url, { method: 'POST', body }, WAIT_MS);
      if (answer.status === status) return answer.body;
      throw new Error(JSON.stringify(answer.body));
    });
  }
}

const headersOf = ({ token }: Customer, key?: string) => ({
  authorization: `Bearer ${token}`,
  ...(key !== undefined && { 'idempotency-key': key }),
});

/** Accepts a body that is not JSON: its status or missing members then count as the violation. */
function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}
