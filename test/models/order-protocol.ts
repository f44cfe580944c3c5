import { type Model, type Step, transitionsFrom } from './explore.ts';
import { packing, range } from './packing.ts';

// One order, as docs/protocol.md has it: create, decide, record, and recovery by void-or-get.
// Handlers are requests with the same Idempotency-Key at different gateways, workers are recovery.
//
// The network is as bad as it can be. A request that was sent once is never discarded: it may
// arrive at any later time, any number of times. A lost answer is modelled as an arrival that
// changes no handler. Waiting and asking again are the same thing, so a handler that has asked
// just stays in its phase. Each service answers in one transaction, hence in one step.

export interface OrderProtocol {
  handlers: number;
  workers: number;
  /** Whether the wallet holds enough for the order at first. */
  holdsEnough: boolean;
  /** Whether that may change at any moment, by a top-up and by other orders. */
  walletChanges: boolean;
  /**
   * Whether billing may be restored to a state before it decided an order that is Cancelled. All
   * services are stopped meanwhile, so that no earlier request arrives afterwards.
   */
  billingRestored?: boolean;
  variant?: OrderVariant;
}

/** Other ways to do it. The first is as safe, each of the others has a flaw. */
export type OrderVariant =
  /** Recovery pays the order instead of voiding it. */
  | 'roll-forward'
  /** The gateway cancels the order when the decision does not come in time. */
  | 'cancel-on-time-out'
  /** The gateway answers 406 when the decision does not come in time. */
  | 'refuse-on-time-out'
  /** Billing charges with every request. */
  | 'decision-not-keyed'
  /** Billing keeps no declines. */
  | 'decline-not-kept'
  /** Recovery reads the decision, and cancels where there is none. */
  | 'recovery-only-gets'
  /** Recovery cancels what is old. */
  | 'recovery-by-age'
  /** Orders records without asking whether the order is still Pending. */
  | 'record-without-guard'
  /** Billing forgets voids in time. */
  | 'voids-purged'
  /** A repetition of a declined order asks billing to decide, only to learn what the wallet lacked. */
  | 'repetition-decides';

export const ORDER_BREACHES = {
  chargedTwice: 'charged twice',
  chargedCancelled: 'charged and Cancelled',
  paidUncharged: 'Paid without a charge',
  events: 'an ended order has not exactly one event',
  twoAnswers: 'two different final answers',
  wrongAnswer: 'a final answer that differs from the order',
  contradicted: 'a record that contradicts the ended order',
} as const;

const DECISIONS = ['captured', 'declined', 'voided'] as const;
type Decision = (typeof DECISIONS)[number];

const RECORDS = ['record captured', 'record declined', 'record voided'] as const;
type RecordRequest = (typeof RECORDS)[number];

/** Those that have an effect; a read that comes late has none. */
const REQUESTS = ['create', 'decide', 'void-or-get', ...RECORDS] as const;
type Request = (typeof REQUESTS)[number];

const HANDLER_PHASES = ['create', 'decide', 'ask why declined', ...RECORDS, 'gone'] as const;
const WORKER_PHASES = ['idle', 'void-or-get', 'get', 'decide', ...RECORDS] as const;
type HandlerPhase = (typeof HANDLER_PHASES)[number];
type WorkerPhase = (typeof WORKER_PHASES)[number];

const ORDERS = ['none', 'Pending', 'Paid', 'Cancelled, declined', 'Cancelled, voided'] as const;

const ENDED = {
  captured: 'Paid',
  declined: 'Cancelled, declined',
  voided: 'Cancelled, voided',
} as const;

export interface OrderState {
  order: (typeof ORDERS)[number];
  /** Rows in the outbox. */
  events: number;
  decision: 'none' | Decision;
  charges: number;
  holdsEnough: boolean;
  /** A bit for each of REQUESTS. */
  sent: number;
  /** A bit for each of DECISIONS whose final answer the client got: 201, 406, 409. */
  told: number;
  handlers: HandlerPhase[];
  workers: WorkerPhase[];
}

/** The order protocol, or a variant of it, as a model to explore. */
export function orderProtocol(protocol: OrderProtocol): Model<OrderState> {
  const { handlers, workers, holdsEnough } = protocol;
  return {
    initial: {
      order: 'none',
      events: 0,
      decision: 'none',
      charges: 0,
      holdsEnough,
      sent: 0,
      told: 0,
      handlers: Array.from({ length: handlers }, () => 'create'),
      workers: Array.from({ length: workers }, () => 'idle'),
    },
    packing: packing<OrderState>({
      order: { values: ORDERS },
      events: { values: range(0, 2) },
      decision: { values: ['none', ...DECISIONS] },
      charges: { values: range(0, 2) },
      holdsEnough: { values: [false, true] },
      sent: { values: range(0, 2 ** REQUESTS.length - 1) },
      told: { values: range(0, 2 ** DECISIONS.length - 1) },
      handlers: { length: handlers, values: HANDLER_PHASES },
      workers: { length: workers, values: WORKER_PHASES },
    }),
    next: (state) => transitionsFrom(state, (step) => takeSteps(state, protocol, step)),
    check,
    // Before the order exists, no handler waits for a result.
    isSettled: (state) => state.order !== 'Pending',
  };
}

function check(state: OrderState): string | undefined {
  const ended = state.order !== 'none' && state.order !== 'Pending';
  const cancelled = ended && state.order !== 'Paid';
  if (state.charges > 1) return ORDER_BREACHES.chargedTwice;
  if (cancelled && state.charges > 0) return ORDER_BREACHES.chargedCancelled;
  if (state.order === 'Paid' && state.charges === 0) return ORDER_BREACHES.paidUncharged;
  if (state.events !== (ended ? 1 : 0)) return ORDER_BREACHES.events;
  const told = DECISIONS.filter((_, bit) => state.told & (1 << bit));
  if (told.length > 1) return ORDER_BREACHES.twoAnswers;
  if (told.some((decision) => ENDED[decision] !== state.order)) return ORDER_BREACHES.wrongAnswer;
  const contradicts = (decision: Decision) =>
    wasSent(state, `record ${decision}`) && ENDED[decision] !== state.order;
  if (ended && DECISIONS.some(contradicts)) return ORDER_BREACHES.contradicted;
  return undefined;
}

function takeSteps(state: OrderState, protocol: OrderProtocol, step: Step<OrderState>): void {
  const { variant, walletChanges } = protocol;
  for (const i of state.handlers.keys()) handlerSteps(state, i, variant, step);
  for (const i of state.workers.keys()) workerSteps(state, i, variant, step);
  for (const request of REQUESTS) {
    if (wasSent(state, request)) {
      step(`${request} arrives late or again`, (next) => serve(next, request, variant));
    }
  }
  if (walletChanges) {
    const cause = state.holdsEnough ? 'another order empties' : 'the customer tops up';
    step(`${cause} the wallet`, (next) => {
      next.holdsEnough = !state.holdsEnough;
    });
  }
  if (protocol.billingRestored && state.decision !== 'none' && hasEnded(state, 'Cancelled')) {
    step('billing is restored to a state before its decision', (next) => {
      next.decision = 'none';
      next.sent = 0;
      next.handlers.fill('create');
      next.workers.fill('idle');
    });
  }
  if (variant === 'voids-purged' && state.decision === 'voided') {
    step('billing purges the void', (next) => {
      next.decision = 'none';
    });
  }
}

/** A request at a gateway. Its client may repeat it without end, or vanish. */
function handlerSteps(
  state: OrderState,
  i: number,
  variant: OrderVariant | undefined,
  step: Step<OrderState>,
) {
  const me = `handler ${i + 1}`;
  const phase = state.handlers[i] as HandlerPhase;
  if (phase === 'gone') return;
  const goTo = (next: OrderState, to: HandlerPhase) => {
    next.handlers[i] = to;
  };
  if (phase === 'ask why declined' && variant !== 'repetition-decides') {
    // The order's status decides the answer, regardless of billing's record.
    step(`${me} reads the decision`, (next) => {
      answerClient(next, 'declined');
      goTo(next, 'create');
    });
    step(`${me} is killed, or answers 503`, (next) => goTo(next, 'create'));
    return;
  }
  const request = phase === 'ask why declined' ? 'decide' : phase;
  if (!wasSent(state, request)) step(`${me} sends ${request}`, (next) => send(next, request));
  step(`${me} gets the answer to ${request}`, (next) => {
    send(next, request);
    const answer = serve(next, request, variant);
    goTo(next, afterAnswer(next, phase, answer));
  });
  if (phase === 'create') {
    step(`the client of ${me} vanishes`, (next) => goTo(next, 'gone'));
  } else {
    step(`${me} is killed, or answers 202 or 503`, (next) => goTo(next, 'create'));
  }
  if (phase !== 'decide' || !wasSent(state, 'decide')) return;
  if (variant === 'cancel-on-time-out') {
    step(`${me} waits no longer and cancels`, (next) => goTo(next, 'record voided'));
  }
  if (variant === 'refuse-on-time-out') {
    step(`${me} waits no longer and answers 406`, (next) => answerClient(next, 'declined'));
  }
}

/** The next phase of a handler; a final answer goes to its client at once. */
function afterAnswer(state: OrderState, phase: HandlerPhase, answer: Answer): HandlerPhase {
  switch (answer) {
    case 'Pending':
      return 'decide';
    case 'Cancelled, declined':
      // The decision names the shortfall.
      return 'ask why declined';
    case 'contradicted':
      return 'create';
    case 'Paid':
      answerClient(state, 'captured');
      return 'create';
    case 'Cancelled, voided':
      answerClient(state, 'voided');
      return 'create';
    default:
      if (phase === 'decide') return `record ${answer}`;
      answerClient(state, answer);
      return 'create';
  }
}

/** Recovery in a gateway. How old an order is plays no part: safety must not depend on a clock. */
function workerSteps(
  state: OrderState,
  i: number,
  variant: OrderVariant | undefined,
  step: Step<OrderState>,
) {
  const me = `recovery ${i + 1}`;
  const phase = state.workers[i] as WorkerPhase;
  const goTo = (next: OrderState, to: WorkerPhase) => {
    next.workers[i] = to;
  };
  if (phase === 'idle') {
    if (state.order === 'Pending') {
      step(`${me} claims the order`, (next) => goTo(next, firstPhase(variant)));
    }
    return;
  }
  step(`${me} is killed, or gives up`, (next) => goTo(next, 'idle'));
  if (phase === 'get') {
    const found = state.decision === 'none' ? 'voided' : state.decision;
    step(`${me} reads the decision`, (next) => goTo(next, `record ${found}`));
    return;
  }
  if (!wasSent(state, phase)) step(`${me} sends ${phase}`, (next) => send(next, phase));
  step(`${me} gets the answer to ${phase}`, (next) => {
    send(next, phase);
    const answer = serve(next, phase, variant);
    const decided = phase === 'void-or-get' || phase === 'decide';
    goTo(next, decided ? `record ${answer as Decision}` : 'idle');
  });
}

function firstPhase(variant: OrderVariant | undefined): WorkerPhase {
  if (variant === 'roll-forward') return 'decide';
  if (variant === 'recovery-only-gets') return 'get';
  return variant === 'recovery-by-age' ? 'record voided' : 'void-or-get';
}

/** The order's status from create, the decision from all others; orders may refuse a record. */
type Answer = Exclude<OrderState['order'], 'none'> | Decision | 'contradicted';

/** Orders or billing handles a request, each time that it arrives. */
function serve(state: OrderState, request: Request, variant: OrderVariant | undefined): Answer {
  switch (request) {
    case 'create':
      // By customer and key: the second time the order is there.
      if (state.order === 'none') state.order = 'Pending';
      return state.order;
    case 'decide':
      return decide(state, variant);
    case 'void-or-get':
      if (state.decision === 'none') state.decision = 'voided';
      return state.decision;
    default:
      return record(state, request, variant);
  }
}

/** Decision and charge in one transaction; what was decided stays. */
function decide(state: OrderState, variant: OrderVariant | undefined): Decision {
  const { decision } = state;
  const forgotten = variant === 'decision-not-keyed' && decision !== 'voided';
  if (decision !== 'none' && !forgotten) return decision;
  if (!state.holdsEnough) {
    if (variant !== 'decline-not-kept') state.decision = 'declined';
    return 'declined';
  }
  state.holdsEnough = false;
  state.charges++;
  state.decision = 'captured';
  return 'captured';
}

/** Status and event in one statement, guarded by `status = 'Pending'`. */
function record(
  state: OrderState,
  request: RecordRequest,
  variant: OrderVariant | undefined,
): Answer {
  const decision = DECISIONS[RECORDS.indexOf(request)] as Decision;
  if (state.order === 'Pending' || variant === 'record-without-guard') {
    state.order = ENDED[decision];
    state.events++;
  }
  return state.order === ENDED[decision] ? decision : 'contradicted';
}

function hasEnded({ order }: OrderState, status: string): boolean {
  return order.startsWith(status);
}

function send(state: OrderState, request: Request): void {
  state.sent |= 1 << REQUESTS.indexOf(request);
}

function wasSent(state: OrderState, request: Request): boolean {
  return (state.sent & (1 << REQUESTS.indexOf(request))) !== 0;
}

function answerClient(state: OrderState, decision: Decision): void {
  state.told |= 1 << DECISIONS.indexOf(decision);
}
