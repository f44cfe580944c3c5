import type { Journey, JourneyStep } from '#client/client.ts';
import { describeError } from '#platform/errors.ts';
import { type Check, checksOf, DELAYS_LETTER, type Observed } from './checks.ts';
import type { LabCustomer } from './customer.ts';
import type { FaultName } from './links.ts';
import type { Switches } from './switches.ts';

/** A step of a journey; its repetitions are one row. */
export interface LabStep extends Pick<JourneyStep, 'kind' | 'from' | 'to' | 'outcome' | 'detail'> {
  times: number;
}

/** An order of the lab as its API shows it. */
export interface LabOrder extends Observed {
  number: number;
  id: string | null;
  statusReason: string | null;
  steps: LabStep[];
  checks: Check[];
  /** Nothing more will happen. */
  complete: boolean;
  /** Why it could not be placed or read. */
  problem: string | null;
}

interface Kept extends Omit<LabOrder, 'checks'> {
  /** The switches when it was placed. */
  turns: Map<FaultName, number>;
}

// The page shows the latest; more only cost memory.
const KEPT_MAX = 20;

type Customer = Pick<
  LabCustomer,
  'prepare' | 'placeOrder' | 'journeyOf' | 'countCharges' | 'lettersOf'
>;

export type LabOrders = ReturnType<typeof createLabOrders>;

/** Places orders, and compares what becomes of them with what the protocol promises. */
export function createLabOrders(customer: Customer, switches: Pick<Switches, 'turns'>) {
  const orders: Kept[] = [];
  let numbers = 0;
  let placing: Promise<void> | undefined;
  let reading: Promise<void> | undefined;

  async function place(order: Kept): Promise<void> {
    const currency = await customer.prepare();
    order.turns = switches.turns();
    order.faults = [...order.turns.keys()];
    const began = performance.now();
    const { status, orderId } = await customer.placeOrder(currency);
    order.answer = { status, afterMs: Math.round(performance.now() - began) };
    order.changed = !sameTurns(order.turns, switches.turns());
    order.id = orderId;
    // Nothing is known of an order that was not made.
    if (orderId === null) order.complete = true;
  }

  /** Whether a fault that keeps its letter back has been on since it was placed. */
  function isHeldUp({ turns }: Kept): boolean {
    const now = switches.turns();
    return DELAYS_LETTER.some((name) => turns.has(name) && turns.get(name) === now.get(name));
  }

  async function readAll(): Promise<void> {
    const open = orders.filter(({ complete }) => !complete);
    await Promise.all(
      open.map(async (order) => {
        if (order.id === null) return;
        const isHeld = () => isHeldUp(order);
        await readOrder(customer, order, { id: order.id, isHeld }).catch((error: unknown) => {
          order.problem = describeError(error);
        });
      }),
    );
  }

  return {
    /** Begins to place an order, unless one is being placed. @returns the number of that order */
    place(): number {
      if (placing !== undefined) return numbers;
      numbers += 1;
      const order = newOrder(numbers);
      orders.unshift(order);
      orders.splice(KEPT_MAX);
      placing = place(order)
        .catch((error: unknown) => {
          order.problem = describeError(error);
          order.complete = true;
        })
        .finally(() => {
          placing = undefined;
        });
      return numbers;
    },
    /** The latest orders, newest first, as they are now. */
    async list(): Promise<LabOrder[]> {
      reading ??= readAll().finally(() => {
        reading = undefined;
      });
      await reading;
      return orders.map(({ turns: _own, ...order }) => ({ ...order, checks: checksOf(order) }));
    },
    /** Resolves when no order is being placed. */
    settled: async (): Promise<void> => placing,
  };
}

/** @param isHeld whether a fault keeps its letter from going out */
async function readOrder(
  customer: Customer,
  order: Kept,
  { id, isHeld }: { id: string; isHeld: () => boolean },
): Promise<void> {
  const journey = await customer.journeyOf(id);
  // After the journey: where that is complete, these are final too.
  const [charges, letters] = await Promise.all([customer.countCharges(id), customer.lettersOf(id)]);
  order.status = journey.order.status;
  order.statusReason = journey.order.statusReason;
  order.charges = charges;
  order.letters = letters;
  order.steps = stepsOf(journey);
  if (isHeld() && order.status !== 'Pending') {
    order.waited = letters.every(({ state }) => state !== 'sent');
  }
  order.complete = journey.complete && letters.length > 0;
  order.problem = null;
}

function newOrder(number: number): Kept {
  return {
    number,
    faults: [],
    turns: new Map(),
    changed: false,
    answer: null,
    id: null,
    status: null,
    statusReason: null,
    charges: null,
    letters: [],
    waited: null,
    steps: [],
    complete: false,
    problem: null,
  };
}

function sameTurns(one: Map<FaultName, number>, other: Map<FaultName, number>): boolean {
  return one.size === other.size && [...one].every(([name, turn]) => other.get(name) === turn);
}

/** The steps in their order, each once with its latest outcome. */
function stepsOf({ steps }: Journey): LabStep[] {
  const found = new Map<string, LabStep>();
  for (const { kind, from, to, outcome, detail } of steps) {
    const times = (found.get(kind)?.times ?? 0) + 1;
    found.set(kind, { kind, from, to, outcome, detail, times });
  }
  return [...found.values()];
}
