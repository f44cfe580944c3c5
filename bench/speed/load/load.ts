import type { OrderAnswer } from '#harness/oracle/history.ts';
import { type Connection, type HttpAnswer, openConnection } from './connection.ts';
import { createPlan, type Plan } from './plan.ts';

/** Whose orders are placed. */
export interface LoadCustomer {
  customerId: string;
  token: string;
  /** Without money every order is refused. */
  funded: boolean;
}

/** One load to run. */
export interface LoadJob {
  /** Base URL of the gateway. */
  url: string;
  /** In turn, order by order. */
  customers: LoadCustomer[];
  connections: number;
  /** No order is begun later than this. */
  seconds: number;
  /** Maximum number of orders. */
  ordersMax?: number;
  /**
   * Orders begin at this rate, however slow the system is, and their times count from the moment when
   * they were due; when absent each connection begins the next as soon as it has an answer.
   */
  ordersPerS?: number;
  /** Idempotency keys are this, a dash and a number. */
  keyPrefix: string;
}

/** The outcome of one load. */
export interface LoadOutcome {
  answers: OrderAnswer[];
  /** Milliseconds, of each answer that was right. */
  times: number[];
  /** Answers that were not the expected ones, by their status; 0 where none came. */
  errors: Record<string, number>;
  /** The texts of the first wrong answers. */
  samples: string[];
  /** From the first request to the last answer. */
  seconds: number;
}

/** Minor units. */
export const PRICE = 100;

const BODY = Buffer.from(
  JSON.stringify({
    items: [{ name: 'Книга', quantity: 1, unitPrice: { amount: PRICE, currency: 'RUB' } }],
  }),
).toString('latin1');
const SAMPLES_MAX = 5;
const LOST_MAX = 1_000;

/**
 * Places orders until the time or their number is over, and waits for the last answers.
 * @param stop ends it earlier
 */
export async function runLoad(job: LoadJob, stop?: AbortSignal): Promise<LoadOutcome> {
  const run = new LoadRun(job);
  stop?.addEventListener('abort', run.plan.stop, { once: true });
  return run.place();
}

/** A connection, and the order in progress on it. */
interface Line {
  connection: Connection;
  flight: { customer: LoadCustomer; key: string; since: number } | undefined;
}

class LoadRun {
  readonly plan: Plan;
  readonly #job: LoadJob;
  readonly #requests: string[];
  readonly #outcome: LoadOutcome = { answers: [], times: [], errors: {}, samples: [], seconds: 0 };
  readonly #done = Promise.withResolvers<void>();
  readonly #lines: Line[];
  /** Connections with nothing to do. */
  readonly #idle: Line[] = [];
  #number = 0;

  constructor(job: LoadJob) {
    this.#job = job;
    this.plan = createPlan(job);
    const { host } = new URL(job.url);
    this.#requests = job.customers.map(({ token }) => requestOf(host, token));
    this.#lines = Array.from({ length: job.connections }, () => this.#openLine());
  }

  async place(): Promise<LoadOutcome> {
    const started = performance.now();
    this.plan.start(started, () => this.#wake());
    for (const line of this.#lines) this.#beginNext(line);
    await this.#done.promise;
    this.#outcome.seconds = (performance.now() - started) / 1_000;
    this.plan.stop();
    for (const { connection } of this.#lines) connection.close();
    return this.#outcome;
  }

  #openLine(): Line {
    const line: Line = { connection: this.#connect(() => line), flight: undefined };
    return line;
  }

  #connect(line: () => Line): Connection {
    const { hostname: host, port } = new URL(this.#job.url);
    return openConnection({
      host,
      port: Number(port),
      onAnswer: (answer) => this.#onEnd(line(), answer),
      onLost: (reason) => {
        line().connection = this.#connect(line);
        if (line().flight !== undefined) {
          this.#onEnd(line(), { status: 0, body: reason.message });
        }
      },
    });
  }

  #onEnd(line: Line, answer: HttpAnswer): void {
    const { flight } = line;
    if (flight === undefined) throw new Error(`an answer without a request: ${answer.body}`);
    line.flight = undefined;
    const outcome = this.#outcome;
    const read = readOrder(flight.customer, flight.key, answer);
    outcome.answers.push(read.answer);
    if (read.expected) outcome.times.push(performance.now() - flight.since);
    else noteError(outcome, answer);
    // The server is gone: without an end here, the load would go on with thousands of lost requests.
    if ((outcome.errors[0] ?? 0) > LOST_MAX) this.#done.reject(new Error(`lost: ${answer.body}`));
    else this.#beginNext(line);
  }

  #beginNext(line: Line): void {
    const since = this.plan.next(performance.now());
    if (since === undefined) {
      this.#idle.push(line);
      if (this.plan.isOver() && this.#idle.length === this.#lines.length) this.#done.resolve();
      return;
    }
    const { customers, keyPrefix } = this.#job;
    const turn = this.#number % customers.length;
    const key = `${keyPrefix}-${this.#number++}`;
    line.flight = { customer: customers[turn] as LoadCustomer, key, since };
    line.connection.send(`${this.#requests[turn]}${key}\r\n\r\n${BODY}`);
  }

  /** Begins the orders that came due. */
  #wake(): void {
    for (let line = this.#idle.pop(); line !== undefined; line = this.#idle.pop()) {
      const waiting = this.#idle.length;
      this.#beginNext(line);
      // Nothing was due: it is back among the idle.
      if (this.#idle.length > waiting) break;
    }
  }
}

/** All of a request but its key. */
function requestOf(authority: string, token: string): string {
  return [
    ...['POST /v1/orders HTTP/1.1', `host: ${authority}`, `authorization: Bearer ${token}`],
    ...['content-type: application/json', `content-length: ${BODY.length}`, 'idempotency-key: '],
  ].join('\r\n');
}

function noteError({ errors, samples }: LoadOutcome, { status, body }: HttpAnswer): void {
  errors[status] = (errors[status] ?? 0) + 1;
  if (samples.length < SAMPLES_MAX) samples.push(`${status} ${body}`);
}

/** Checks an answer without parsing what thousands of them have in common. */
function readOrder(
  { customerId, funded }: LoadCustomer,
  key: string,
  { status, body }: HttpAnswer,
): { answer: OrderAnswer; expected: boolean } {
  const answer: OrderAnswer = {
    customerId,
    key,
    amount: PRICE,
    status,
    orderId: undefined,
    orderStatus: undefined,
    balance: undefined,
  };
  // Both are the order itself; 202 is what a system answers that is too slow.
  if (status === 201 || status === 202) {
    answer.orderId = textAfter(body, '"id":"');
    answer.orderStatus = textAfter(body, '"status":"');
    const owner = textAfter(body, '"customerId":"');
    const paid = status === 201 && answer.orderStatus === 'Paid' && owner === customerId;
    return { answer, expected: paid && funded };
  }
  const { order, balance } = parsed(body);
  answer.orderId = order?.id;
  answer.orderStatus = order?.status;
  answer.balance = balance?.amount;
  return { answer, expected: status === 406 && order?.status === 'Cancelled' && !funded };
}

function textAfter(body: string, name: string): string | undefined {
  const start = body.indexOf(name);
  if (start < 0) return undefined;
  return body.slice(start + name.length, body.indexOf('"', start + name.length));
}

interface Refusal {
  order?: { id: string; status: string };
  balance?: { amount: number };
}

function parsed(body: string): Refusal {
  try {
    return JSON.parse(Buffer.from(body, 'latin1').toString()) as Refusal;
  } catch {
    return {};
  }
}
