import { type Static, Type } from 'typebox';
import { WalletOperation } from './billing.ts';
import { choice, Money, nullable, strictObject, Timestamp, Uuid } from './common.ts';
import { Letter, Resend } from './notifications.ts';
import { OrderEvent, OrderRecovery } from './order-operations.ts';

/** The participants in an order: the columns of the protocol's sequence diagram. */
export const Participant = choice(
  'client',
  'gateway',
  'orders',
  'billing',
  'broker',
  'notifications',
  'profiles',
  'smtp',
);
export type Participant = Static<typeof Participant>;

/**
 * One step between two participants. Steps are listed in causal order. Each service records times by
 * its own clock, and the relay notes a publication after the broker has the event, so a recorded time
 * can lie before that of the cause. Such a step is shown at the time of its cause.
 */
export const JourneyStep = strictObject({
  kind: choice(
    'request',
    'create',
    'recover',
    'decide',
    'record',
    'answer',
    'publish',
    'receive',
    'contact',
    'send',
    'reply',
  ),
  from: Participant,
  to: Participant,
  at: nullable({
    ...Timestamp,
    description:
      'When it was recorded, but never before the step that causes it, whose clock may differ. ' +
      'Null where no service records this moment.',
  }),
  outcome: {
    ...choice('done', 'refused', 'failed', 'unknown', 'waiting'),
    description:
      '`refused` by the rules (no money, voided), `failed` by a fault, `unknown` where the ' +
      'outcome could not be learnt, `waiting` what has not happened yet.',
  },
  detail: nullable(
    Type.String({
      description:
        'The decision, the status, the answer’s status code, the place in the topic ' +
        '(`0/17` is partition 0, offset 17), the mail server’s answer or the fault.',
    }),
  ),
  attempt: nullable(Type.Integer({ minimum: 1, description: 'The letter’s attempt it is of.' })),
  durationMs: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 0,
        description:
          'How long it took, beginning at `at`; null where not recorded. `contact`: until profiles ' +
          'answered; `send`: until the mail server answered, or the attempt failed.',
      }),
    ),
  ),
});
export type JourneyStep = Static<typeof JourneyStep>;

/** The payment decision as billing keeps it. */
export const JourneyPayment = strictObject({
  decision: choice('captured', 'declined', 'voided'),
  decidedAt: Timestamp,
  amount: Money,
  balanceSeen: Type.Union([Money, Type.Null()], {
    description:
      'What the wallet held when it was decided; null where that is not known any more: the ' +
      'decision was recorded again after a restore.',
  }),
  operation: Type.Union([WalletOperation, Type.Null()]),
});
export type JourneyPayment = Static<typeof JourneyPayment>;

/** An event that could not become a letter. */
export const JourneyDeadLetter = strictObject({
  id: Uuid,
  state: choice('dead', 'redriven', 'discarded'),
  error: Type.String(),
  createdAt: Timestamp,
});
export type JourneyDeadLetter = Static<typeof JourneyDeadLetter>;

/** One order's journey, from what each service recorded of it (docs/reference/api.md). */
export const journeyMembers = {
  traceId: nullable(
    Type.String({
      description: 'The trace that ended the order, as in logs; null while it is Pending.',
    }),
  ),
  steps: Type.Array(JourneyStep),
  payment: Type.Union([JourneyPayment, Type.Null()]),
  recovery: OrderRecovery,
  event: Type.Union([OrderEvent, Type.Null()]),
  letter: Type.Union([Letter, Type.Null()]),
  deadLetter: Type.Union([JourneyDeadLetter, Type.Null()]),
  waitedMs: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 0,
        description:
          'From the stored order to its recorded end, which is nearly all that the client waited. ' +
          'Null while it is Pending, and where recovery ended it.',
      }),
    ),
  ),
  ending: Type.Optional({
    ...choice('open', 'delivered', 'failed', 'discarded', 'expired'),
    description:
      '`open`: something will happen by itself. `failed`: a letter or its event failed, and waits ' +
      'for an operator. `discarded`: an operator decided that nothing follows. `expired`: past ' +
      'the retention, so that nobody knows.',
  }),
  next: Type.Optional(
    Type.Union(
      [
        strictObject({
          kind: choice('decide', 'record', 'recover', 'publish', 'receive', 'send', 'confirm'),
          at: nullable({ ...Timestamp, description: 'Null: at once, or when others act.' }),
        }),
        Type.Null(),
      ],
      { description: 'What happens next by itself; null where nothing does.' },
    ),
  ),
  resends: Type.Optional(Type.Array(Resend)),
  complete: Type.Boolean({
    description: 'Nothing more will happen by itself: the order ended, and its letter too.',
  }),
  unavailable: Type.Array(choice('billing', 'notifications'), {
    description: 'Services that did not answer; their part is missing.',
  }),
};
