import { type Model, type Step, transitionsFrom } from './explore.ts';
import { packing, range } from './packing.ts';

// Not Orderbell's protocol: billing first holds the money, orders then decides by its record,
// and billing posts or voids the hold. That serves a second participant who may still refuse;
// orders cannot. It leaves two places that decide, which this model shows. One handler, one worker,
// and the network of order-protocol.ts: what was sent may arrive at any time, any number of times.

export interface HoldProtocol {
  /** Recovery's treatment of an order that is still Pending. */
  recovery: 'voids' | 'rolls-forward';
  /** Billing releases a hold that was not posted in time. */
  holdsExpire: boolean;
}

export const HOLD_BREACHES = {
  charged: 'charged, and not Paid',
  lost: 'Paid, and the hold cannot be posted any more',
} as const;

const ORDERS = ['none', 'Pending', 'Paid', 'Cancelled'] as const;
const PAYMENTS = ['none', 'held', 'captured', 'declined', 'voided', 'expired'] as const;
const REQUESTS = [
  'create',
  'hold',
  'record held',
  'record refused',
  'post',
  'void-or-get',
  'record captured',
] as const;
const PHASES = ['idle', ...REQUESTS] as const;

type Request = (typeof REQUESTS)[number];
type Payment = (typeof PAYMENTS)[number];
type Phase = (typeof PHASES)[number];

export interface HoldState {
  order: (typeof ORDERS)[number];
  payment: Payment;
  holdsEnough: boolean;
  /** A bit for each of REQUESTS. */
  sent: number;
  handler: Phase;
  worker: Phase;
}

/** A protocol in two phases as a model to explore. */
export function holdProtocol(protocol: HoldProtocol): Model<HoldState> {
  return {
    initial: {
      order: 'none',
      payment: 'none',
      holdsEnough: true,
      sent: 0,
      handler: 'create',
      worker: 'idle',
    },
    packing: packing<HoldState>({
      order: { values: ORDERS },
      payment: { values: PAYMENTS },
      holdsEnough: { values: [false, true] },
      sent: { values: range(0, 2 ** REQUESTS.length - 1) },
      handler: { values: PHASES },
      worker: { values: PHASES },
    }),
    next: (state) => transitionsFrom(state, (step) => takeSteps(state, protocol, step)),
    check({ order, payment }) {
      if (order === 'Cancelled' && payment === 'captured') return HOLD_BREACHES.charged;
      const isKept = payment === 'held' || payment === 'captured';
      return order === 'Paid' && !isKept ? HOLD_BREACHES.lost : undefined;
    },
    isSettled: ({ order, payment }) =>
      order === 'Paid' ? payment === 'captured' : order !== 'Pending',
  };
}

function takeSteps(state: HoldState, protocol: HoldProtocol, step: Step<HoldState>): void {
  for (const actor of ['handler', 'worker'] as const) {
    const request = state[actor];
    if (request === 'idle') continue;
    const bit = 1 << REQUESTS.indexOf(request);
    step(`the ${actor} is killed, or gives up`, (next) => {
      next[actor] = 'idle';
    });
    step(`the ${actor} sends ${request}`, (next) => {
      next.sent |= bit;
    });
    step(`the ${actor} gets the answer to ${request}`, (next) => {
      next.sent |= bit;
      serve(next, request);
      next[actor] = phaseAfter(next, request);
    });
  }
  if (state.worker === 'idle' && state.order === 'Pending') {
    step('the worker claims the order', (next) => {
      next.worker = protocol.recovery === 'voids' ? 'void-or-get' : 'hold';
    });
  }
  if (state.worker === 'idle' && state.order === 'Paid' && state.payment !== 'captured') {
    step('the worker finds a Paid order that is not posted', (next) => {
      next.worker = 'post';
    });
  }
  for (const [bit, request] of REQUESTS.entries()) {
    if (state.sent & (1 << bit)) {
      step(`${request} arrives late or again`, (next) => serve(next, request));
    }
  }
  if (protocol.holdsExpire && state.payment === 'held') {
    step('the hold expires', (next) => {
      next.payment = 'expired';
      next.holdsEnough = true;
    });
  }
}

function serve(state: HoldState, request: Request): void {
  const { order, payment } = state;
  switch (request) {
    case 'create':
      if (order === 'none') state.order = 'Pending';
      break;
    case 'hold':
      if (payment === 'none') {
        state.payment = state.holdsEnough ? 'held' : 'declined';
        state.holdsEnough = false;
      }
      break;
    case 'post':
      if (payment === 'held') state.payment = 'captured';
      break;
    case 'void-or-get':
      if (payment === 'held') state.holdsEnough = true;
      if (payment === 'none' || payment === 'held') state.payment = 'voided';
      break;
    case 'record refused':
      if (order === 'Pending') state.order = 'Cancelled';
      break;
    default:
      if (order === 'Pending') state.order = 'Paid';
  }
}

/** The next phase of an actor after the answer to a request. */
function phaseAfter({ order, payment }: HoldState, request: Request): Phase {
  switch (request) {
    case 'create':
      return order === 'Pending' ? 'hold' : 'idle';
    case 'hold':
    case 'void-or-get':
      if (payment === 'captured') return 'record captured';
      return payment === 'held' ? 'record held' : 'record refused';
    case 'record held':
      return order === 'Paid' ? 'post' : 'idle';
    default:
      return 'idle';
  }
}
