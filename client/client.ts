import { NoAnswerError, ProblemError } from './errors.ts';
import { type Answer, type Attempt, exchange, type Method, type Outgoing } from './exchange.ts';
import { type OperationEntry, operations } from './generated/operations.ts';
import type { NewOrder, Operations, Order, WalletOperation } from './generated/types.ts';
import type {
  AnswerOf,
  CallOptions,
  CallRequest,
  ClientOptions,
  ItemOf,
  OperationId,
  PagedId,
  RequestOf,
  SendOptions,
} from './options.ts';
import { repeat } from './repeat.ts';
import { type LetterWait, type Watching, waitForLetter, watchJourney } from './watch.ts';

export type { Violation } from './errors.ts';
export { DeadlineError, NoAnswerError, OutcomeUnknownError, ProblemError } from './errors.ts';
export type { Answer, Method } from './exchange.ts';
export type * from './generated/types.ts';
export type {
  AnswerOf,
  CallOptions,
  CallRequest,
  ClientOptions,
  ItemOf,
  OperationId,
  PagedId,
  RequestOf,
  SendOptions,
} from './options.ts';
export type { LetterWait, Watching } from './watch.ts';

export interface Client {
  /**
   * Calls an operation of the public API by its id. While there is no answer of the API, a read and
   * a write with a key are repeated, the write always with the same key.
   * @throws ProblemError, NoAnswerError, or OutcomeUnknownError for a write that may be done
   */
  call<I extends OperationId>(
    operationId: I,
    ...request: RequestOf<I>
  ): Promise<Answer<AnswerOf<I>>>;
  /** The items of all pages; the next page is read when it is needed. */
  pages<I extends PagedId>(operationId: I, ...request: RequestOf<I>): AsyncGenerator<ItemOf<I>>;
  /**
   * Places and pays an order.
   * @returns the order: Paid or Cancelled, or Pending at the deadline
   * @throws as `call`, but not for an order that exists and is cancelled
   */
  placeOrder(content: NewOrder, options?: CallOptions): Promise<Order>;
  /** Adds money to the own wallet. */
  topUp(
    amount: Operations['topUp']['body']['amount'],
    options?: CallOptions,
  ): Promise<WalletOperation>;
  /**
   * Waits until the letter of an order is sent or has failed.
   * @throws DeadlineError
   */
  waitForLetter: (orderId: string, options?: LetterWait) => ReturnType<typeof waitForLetter>;
  /** The journey of an order, each time that it has changed, until nothing more will happen. */
  watchJourney: (orderId: string, options?: Watching) => ReturnType<typeof watchJourney>;
  /** Sends a request to any path, with the same rules; nothing checks its types. */
  send<B>(method: Method, path: string, options?: SendOptions): Promise<Answer<B>>;
}

const TIMEOUT_MS = 10_000;
const DEADLINE_MS = 15_000;

/** The client of a system's public API. It holds no connection and needs no end. */
export function createClient(options: ClientOptions): Client {
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const { language, fetch = (url, init) => globalThis.fetch(url, init) } = options;
  const getToken = options.getAccessToken ?? (() => options.accessToken ?? null);

  function request(
    entry: OperationEntry,
    { query = {}, body, ...given }: SendOptions,
  ): Promise<Answer<unknown>> {
    const { method, path } = entry;
    const key = given.key ?? (entry.keyed ? newKey() : undefined);
    const outgoing: Outgoing = {
      method,
      path,
      query,
      body,
      key,
      headers: given.headers ?? {},
      former: given.former,
      timeoutMs: given.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS,
      signal: either(options.signal, given.signal),
    };
    const tokenOf = given.accessToken === undefined ? getToken : () => given.accessToken ?? null;
    const send = (token: string | null) => exchange({ baseUrl, fetch, language }, outgoing, token);
    const isRepeated = method === 'GET' || key !== undefined || given.repeat === true;
    const deadlineMs = given.deadlineMs ?? options.deadlineMs ?? DEADLINE_MS;
    const repetition = {
      deadlineMs: isRepeated ? deadlineMs : 0,
      awaitOutcome: given.awaitOutcome ?? true,
      sentBefore: given.sentBefore ?? false,
      foreignMax: given.foreignMax ?? Number.POSITIVE_INFINITY,
      pauseMaxMs: isRepeated ? (given.pauseMaxMs ?? Number.POSITIVE_INFINITY) : -1,
      until: either(outgoing.signal, given.until),
      onRepeat: given.onRepeat,
    };
    return repeat(outgoing, repetition, () =>
      entry.public ? send(null) : authorized(tokenOf, send),
    );
  }

  const call = <I extends OperationId>(operationId: I, ...[given]: RequestOf<I>) => {
    const entry: OperationEntry = operations[operationId];
    const { params = {}, ...rest } = (given ?? {}) as SendOptions & { params?: object };
    const path = filled(entry.path, params as Record<string, string>);
    return request({ ...entry, path }, rest) as Promise<Answer<AnswerOf<I>>>;
  };

  return {
    call,
    pages: (operationId, ...given) => pagesOf(call, operationId, given[0]),
    async placeOrder(body, given = {}) {
      try {
        return (await call('placeOrder', { ...given, body })).body;
      } catch (error) {
        // With 406 and 409 the order exists and is cancelled.
        const order = error instanceof ProblemError && error.decided && error.problem.order;
        if (order) return order as Order;
        throw error;
      }
    },
    topUp: async (amount, given = {}) => (await call('topUp', { ...given, body: { amount } })).body,
    waitForLetter: (orderId, given) => waitForLetter(call, orderId, given),
    watchJourney: (orderId, given) => watchJourney(call, orderId, given),
    send: <B>(method: Method, path: string, given: SendOptions = {}) =>
      request({ method, path }, given) as Promise<Answer<B>>,
  };
}

/** A new Idempotency-Key. `randomUUID` is missing on plain http, except on localhost. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Sends with the present token, and once more where it was refused and there is a newer one. */
async function authorized(
  tokenOf: NonNullable<ClientOptions['getAccessToken']>,
  send: (token: string | null) => Promise<Attempt>,
): Promise<Attempt> {
  let sent = false;
  try {
    const token = await tokenOf();
    sent = true;
    const attempt = await send(token);
    if (token === null || !isUnauthenticated(attempt)) return attempt;
    // Nothing was done by this request.
    sent = false;
    const renewed = await tokenOf(token);
    return renewed === null || renewed === token ? attempt : await send(renewed);
  } catch (error) {
    if (sent || !(error instanceof NoAnswerError)) throw error;
    return { kind: 'unknown', error, sent: false };
  }
}

function isUnauthenticated(attempt: Attempt): boolean {
  return attempt.kind === 'refused' && attempt.error.code === 'unauthenticated';
}

async function* pagesOf<I extends PagedId>(
  call: Client['call'],
  operationId: I,
  given: CallRequest<I> | undefined,
): AsyncGenerator<ItemOf<I>> {
  let cursor: string | null | undefined;
  do {
    const { query, ...rest } = (given ?? {}) as SendOptions;
    const page = { ...rest, query: cursor ? { ...query, cursor } : query };
    const { body } = await call(operationId, ...([page] as unknown as RequestOf<I>));
    const { data, nextCursor } = body as unknown as {
      data: ItemOf<I>[];
      nextCursor: string | null;
    };
    yield* data;
    cursor = nextCursor;
  } while (cursor !== null);
}

function filled(path: string, params: Record<string, string>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    // An empty part would lead to another operation, and so would dots: fetch resolves them.
    if (value === undefined || value === '') throw new TypeError(`the parameter ${name} is empty`);
    if (/^\.\.?$/.test(value)) throw new TypeError(`the parameter ${name} is no name: ${value}`);
    return encodeURIComponent(value);
  });
}

function either(one?: AbortSignal, other?: AbortSignal): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other);
}
