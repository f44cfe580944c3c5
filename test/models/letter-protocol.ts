import { type Model, transitionsFrom } from './explore.ts';
import {
  CONSUMER_STEPS,
  COPIES_MAX,
  copiesOf,
  EVENTS,
  LATE_DOTS_MAX,
  LETTERS,
  type LetterProtocol,
  type LetterState,
  type LetterVariant,
  NOBODY,
  OUTBOX,
  RELAY_STEPS,
  uncountedFloor,
  WORKER_STEPS,
} from './letter-state.ts';
import {
  claimSteps,
  consumerSteps,
  letterSteps,
  ordersSteps,
  relaySteps,
  workerSteps,
} from './letter-steps.ts';
import { packing, range } from './packing.ts';

// The steps after an order ends (docs/protocol.md): event in the outbox, relay, topic,
// consumer, letter in the inbox, letter worker, mail server.
//
// No clock is trusted: a lease may run out at any moment, also while its holder is only paused and
// resumes later. So the state has no lease: any process may take a letter that another one holds.
// Any process may be killed between any two steps; a new one then replaces it.

export const LETTER_BREACHES = {
  twoLetters: 'two letters of one event',
  uncountedCopy: 'a copy of a mail that no unknown outcome accounts for',
  sentUnaccepted: 'a letter is sent that no server accepted',
} as const;

/** The letter protocol, or a variant of it, as a model to explore. */
export function letterProtocol(protocol: LetterProtocol): Model<LetterState> {
  const { events, relays, consumers, workers, variant } = protocol;
  const ofEach = <Value>(length: number, value: Value) => Array<Value>(length).fill(value);
  const offsets = range(0, events * COPIES_MAX);
  return {
    initial: {
      outbox: ofEach(events, variant === 'publish-after-commit' ? 'in memory' : 'open'),
      cursor: 0,
      topic: '',
      position: 0,
      relays: ofEach(relays, 'idle'),
      relayEvents: ofEach(relays, 0),
      consumers: ofEach(consumers, 'idle'),
      consumerOffsets: ofEach(consumers, 0),
      letters: ofEach(events, 'none'),
      holders: ofEach(events, NOBODY),
      accepted: ofEach(events, false),
      uncounted: ofEach(events, 0),
      lateDots: ofEach(events, 0),
      workers: ofEach(workers, 'idle'),
      workerLetters: ofEach(workers, 0),
    },
    packing: packing<LetterState>({
      outbox: { length: events, values: OUTBOX },
      cursor: { values: range(0, events) },
      topic: { values: topics(events) },
      position: { values: offsets },
      relays: { length: relays, values: RELAY_STEPS },
      relayEvents: { length: relays, values: range(0, events - 1) },
      consumers: { length: consumers, values: CONSUMER_STEPS },
      consumerOffsets: { length: consumers, values: offsets },
      letters: { length: events, values: LETTERS },
      holders: { length: events, values: range(NOBODY, workers) },
      accepted: { length: events, values: [false, true] },
      uncounted: { length: events, values: range(uncountedFloor(workers), 2) },
      lateDots: { length: events, values: range(0, LATE_DOTS_MAX) },
      workers: { length: workers, values: WORKER_STEPS },
      workerLetters: { length: workers, values: range(0, events - 1) },
    }),
    next: (state) => nextStates(state, variant),
    check,
    isSettled: ({ outbox, topic, position, letters }) =>
      outbox.every((row) => row === 'published') &&
      position === topic.length &&
      letters.every((letter) => letter === (workers > 0 ? 'sent' : 'queued')),
  };
}

/** Every topic with at most COPIES_MAX copies of each event. */
function topics(events: number): string[] {
  const found = [''];
  for (const topic of found) {
    for (const event of EVENTS.slice(0, events)) {
      if (copiesOf(event, topic) < COPIES_MAX) found.push(topic + event);
    }
  }
  return found;
}

function check(state: LetterState): string | undefined {
  for (const [event, letter] of state.letters.entries()) {
    if (letter === 'doubled') return LETTER_BREACHES.twoLetters;
    if ((state.uncounted[event] as number) > 1) return LETTER_BREACHES.uncountedCopy;
    if (letter === 'sent' && !state.accepted[event]) return LETTER_BREACHES.sentUnaccepted;
  }
  return undefined;
}

function nextStates(state: LetterState, variant?: LetterVariant) {
  return transitionsFrom(state, (step) => {
    for (const event of state.outbox.keys()) ordersSteps(state, event, step);
    for (const i of state.relays.keys()) relaySteps(state, i, variant, step);
    for (const i of state.consumers.keys()) consumerSteps(state, i, variant, step);
    for (const i of state.workers.keys()) {
      if (state.workers[i] === 'idle') claimSteps(state, i, step);
      else workerSteps(state, i, variant, step);
    }
    for (const event of state.letters.keys()) letterSteps(state, event, step);
  });
}
