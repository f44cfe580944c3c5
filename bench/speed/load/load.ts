import type { OrderAnswer } from '#harness/oracle/history.ts';
import { type Connection, type HttpAnswer, openConnection } from './connection.ts';
import { createPlan } from './plan.ts';

/** Whose orders are placed. */
export interface LoadCustomer {
  customerId: string;
  token: string;
  /** Without money every order is refused. */
  funded: boolean;
}

/** What is asked for in one go. */
export interface LoadJob {
  /** Base URL of the gateway. */
  url: string;
  /** In turn, order by order. */
  customers: LoadCustomer[];
  connections: number;
  /** No order is begun later than this. */
  seconds: number;
  /** Nor more than so many. */
  ordersMax?: number;
  /**
   * Orders begin at this rate, whatever the system does, and their times count from the moment when
   * they were due; when absent each connection begins the next as soon as it has an answer.
   */
  ordersPerS?: number;
  /** Idempotency keys are this, a dash and a number. */
  keyPrefix: string;
}

/** What came of it. */
export interface LoadOutcome {
  answers: OrderAnswer[];
  /** Milliseconds, of each answer that was right. */
  times: number[];
  /** Answers that were not the expected ones, by their status; 0 where none came. */
  errors: Record<string, number>;
  /** What a wrong answer said, of the first ones. */
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
 * OracleSources orders until the time or their number is over, and waits for the last answers.
 * @param stop ends it earlier
 */
export async function runLoad(job: LoadJob, stop?: AbortSignal): Promise<LoadOutcome> {
  const { hostname: host, port, host: authority } = new URL(job.url);
  const outcome: LoadOutcome = { answers: [], times: [], errors: {}, samples: [], seconds: 0 };
  const requests = job.customers.map(({ token }) => requestOf(authority, token));
  const plan = createPlan(job);
  stop?.addEventListener('abort', plan.stop, { once: true });
  const done = Promise.withResolvers<void>();
  /** Connections with nothing to do, and all of them. */
  const idle: Line[] = [];
  const lines = Array.from({ length: job.connections }, () => openLine());
  let number = 0;

  interface Line {
    connection: Connection;
    /** The order under way. */
    flight: { customer: LoadCustomer; key: string; since: number } | undefined;
  }

  function openLine(): Line {
    const line: Line = { connection: connectFor(() => line), flight: undefined };
    return line;
  }

  function connectFor(line: () => Line): Connection {
    return openConnection({
      host,
      port: Number(port),
      onAnswer: (answer) => onEnd(line(), answer),
      onLost(reason) {
        line().connection = connectFor(line);
        if (line().flight !== undefined) onEnd(line(), { status: 0, body: reason.message });
      },
    });
  }

  function onEnd(line: Line, answer: HttpAnswer): void {
    const { flight } = line;
    if (flight === undefined) throw new Error(`an answer that nobody asked for: ${answer.body}`);
    line.flight = undefined;
    const read = readOrder(flight.customer, flight.key, answer);
    outcome.answers.push(read.answer);
    if (read.expected) outcome.times.push(performance.now() - flight.since);
    else noteError(outcome, answer);
    // Nobody is there any more: without an end here, thousands a second would go into the void.
    if ((outcome.errors[0] ?? 0) > LOST_MAX) done.reject(new Error(`lost: ${answer.body}`));
    else beginNext(line);
  }

  function beginNext(line: Line): void {
    const since = plan.next(performance.now());
    if (since === undefined) {
      idle.push(line);
      if (plan.isOver() && idle.length === lines.length) done.resolve();
      return;
    }
    const turn = number % job.customers.length;
    const customer = job.customers[turn] as LoadCustomer;
    const key = `${job.keyPrefix}-${number++}`;
    line.flight = { customer, key, since };
    line.connection.send(`${requests[turn]}${key}\r\n\r\n${BODY}`);
  }

  const started = performance.now();
  plan.start(started, () => {
    for (let line = idle.pop(); line !== undefined; line = idle.pop()) {
      const waiting = idle.length;
      beginNext(line);
      // Nothing was due: it is back among the idle.
      if (idle.length > waiting) break;
    }
  });
  for (const line of lines) beginNext(line);
  await done.promise;
  outcome.seconds = (performance.now() - started) / 1_000;
  plan.stop();
  for (const { connection } of lines) connection.close();
  return outcome;
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
  if (status === 201) {
    answer.orderId = textAfter(body, '"id":"');
    answer.orderStatus = textAfter(body, '"status":"');
    const owner = textAfter(body, '"customerId":"');
    const paid = answer.orderStatus === 'Paid' && owner === customerId;
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
