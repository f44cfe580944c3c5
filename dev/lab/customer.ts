import { randomBytes } from 'node:crypto';
import {
  type Client,
  createClient,
  type Journey,
  OutcomeUnknownError,
  ProblemError,
} from '#client/client.ts';

export type LabCustomer = ReturnType<typeof createLabCustomer>;

// In the wallet's minor units: enough for each order, and a top-up for many of them.
const PRICE = 49_900;
const TOP_UP = 1_000_000;
const PAGE = 100;
// The gateway's deadline of an order is 5 s by default and 60 s at most.
const ORDER_TIMEOUT_MS = 65_000;

/** The answer to an order, and the order where there is one. */
export interface OrderAnswer {
  status: number;
  orderId: string | null;
}

/** A customer who places the orders of the lab, by the public API alone. A new one for each start. */
export function createLabCustomer(baseUrl: string) {
  const name = randomBytes(6).toString('hex');
  const email = `fault-lab-${name}@example.com`;
  const password = randomBytes(18).toString('base64url');
  let token: string | null = null;
  let registered = false;

  const client: Client = createClient({
    baseUrl,
    language: 'en',
    async getAccessToken(refused) {
      if (token === null || token === refused) {
        const { body } = await client.call('signIn', { body: { email, password } });
        token = body.accessToken;
      }
      return token;
    },
  });

  return {
    email,
    /** Registers where that was not done, and tops the wallet up for one more order. */
    async prepare(): Promise<string> {
      if (!registered) {
        const person = { email, password, name: 'Fault lab', locale: 'en' as const };
        await client.call('register', { body: person });
        registered = true;
      }
      const { balance } = (await client.call('readWallet')).body;
      if (balance.amount < PRICE) await client.topUp({ ...balance, amount: TOP_UP });
      return balance.currency;
    },
    /** Sends one order once. It never throws for an answer of the API, whatever its status. */
    async placeOrder(currency: string): Promise<OrderAnswer> {
      const unitPrice = { amount: PRICE, currency };
      try {
        const { status, body } = await client.call('placeOrder', {
          body: { items: [{ name: 'Fault lab', quantity: 1, unitPrice }] },
          deadlineMs: 0,
          timeoutMs: ORDER_TIMEOUT_MS,
          awaitOutcome: false,
        });
        return { status, orderId: body.id };
      } catch (error) {
        const cause = error instanceof OutcomeUnknownError ? error.cause : error;
        if (!(cause instanceof ProblemError)) throw error;
        const order = cause.problem.order as { id: string } | undefined;
        return { status: cause.problem.status, orderId: order?.id ?? null };
      }
    },
    async journeyOf(orderId: string): Promise<Journey> {
      return (await client.call('readJourney', { params: { orderId } })).body;
    },
    /** How many of the latest operations charge this order. */
    async countCharges(orderId: string): Promise<number> {
      const { data } = (await client.call('readOperations', { query: { limit: PAGE } })).body;
      return data.filter((one) => one.type === 'charge' && one.orderId === orderId).length;
    },
    async lettersOf(orderId: string): Promise<{ kind: string; state: string }[]> {
      const query = { limit: PAGE, orderId };
      const { data } = (await client.call('readLetters', { query })).body;
      return data.map(({ kind, state }) => ({ kind, state }));
    },
  };
}
