import {
  COPIES_MAX,
  copiesOf,
  EVENTS,
  LATE_DOTS_MAX,
  type LetterState,
  type LetterVariant,
  NOBODY,
  type Step,
  uncountedFloor,
} from './letter-state.ts';

/** Orders commits an event, or in a variant keeps it in memory only. */
export function ordersSteps(state: LetterState, event: number, step: Step): void {
  const name = EVENTS[event];
  if (state.outbox[event] === 'open') {
    step(`orders commits the end of order ${name} with its event`, (next) => {
      next.outbox[event] = 'waiting';
    });
  }
  if (state.outbox[event] === 'in memory') {
    step(`orders publishes event ${name}`, (next) => {
      publish(next, event);
      next.outbox[event] = 'published';
    });
    step(`orders is killed before it publishes event ${name}`, (next) => {
      next.outbox[event] = 'lost';
    });
  }
}

/** The relay claims a row, publishes it and marks it. */
export function relaySteps(
  state: LetterState,
  i: number,
  variant: LetterVariant | undefined,
  step: Step,
): void {
  const me = `relay ${i + 1}`;
  const at = state.relays[i];
  const event = state.relayEvents[i] as number;
  const name = EVENTS[event];
  const goTo = (next: LetterState, to: LetterState['relays'][number], of = 0) => {
    next.relays[i] = to;
    next.relayEvents[i] = of;
  };
  if (at === 'idle') {
    for (const [of, row] of state.outbox.entries()) {
      const due = variant === 'relay-by-cursor' ? of >= state.cursor : true;
      if (row === 'waiting' && due) {
        step(`${me} claims event ${EVENTS[of]}`, (next) => goTo(next, 'claimed', of));
      }
    }
    return;
  }
  step(`${me} is killed`, (next) => goTo(next, 'idle'));
  const marksFirst = variant === 'mark-before-publish';
  if (at === (marksFirst ? 'marked' : 'claimed')) {
    step(`${me} publishes event ${name}, acknowledged`, (next) => {
      publish(next, event);
      if (marksFirst) goTo(next, 'idle');
      else goTo(next, 'acknowledged', event);
    });
    step(`${me} publishes event ${name}, the acknowledgement is lost`, (next) => {
      publish(next, event);
      goTo(next, 'idle');
    });
  }
  if (at === (marksFirst ? 'claimed' : 'acknowledged')) {
    step(`${me} marks event ${name} as published`, (next) => {
      next.outbox[event] = 'published';
      if (variant === 'relay-by-cursor') next.cursor = Math.max(next.cursor, event + 1);
      if (marksFirst) goTo(next, 'marked', event);
      else goTo(next, 'idle');
    });
  }
}

function publish(next: LetterState, event: number): void {
  const name = EVENTS[event] as string;
  if (copiesOf(name, next.topic) < COPIES_MAX) next.topic += name;
}

/** The consumer stores the letter, then commits the offset. */
export function consumerSteps(
  state: LetterState,
  i: number,
  variant: LetterVariant | undefined,
  step: Step,
): void {
  const me = `consumer ${i + 1}`;
  const at = state.consumers[i];
  const offset = state.consumerOffsets[i] as number;
  const goTo = (next: LetterState, to: LetterState['consumers'][number], of = 0) => {
    next.consumers[i] = to;
    next.consumerOffsets[i] = of;
  };
  const offsetFirst = variant === 'offset-before-letter';
  if (at === 'idle') {
    if (state.position === state.topic.length) return;
    const commits = offsetFirst ? ' and commits the offset' : '';
    step(`${me} fetches offset ${state.position}${commits}`, (next) => {
      goTo(next, 'fetched', state.position);
      if (offsetFirst) next.position++;
    });
    return;
  }
  step(`${me} is killed`, (next) => goTo(next, 'idle'));
  if (at === 'fetched') {
    const event = EVENTS.indexOf(state.topic[offset] as (typeof EVENTS)[number]);
    step(`${me} stores the letter of event ${EVENTS[event]}`, (next) => {
      // The event's id is the letter's id: an existing letter stays unchanged.
      if (state.letters[event] === 'none') next.letters[event] = 'queued';
      else if (variant === 'inbox-without-ids') next.letters[event] = 'doubled';
      if (offsetFirst) goTo(next, 'idle');
      else goTo(next, 'stored', offset);
    });
  }
  if (at === 'stored') {
    // Not fenced here: a late owner may set the position back, and the events are read again.
    step(`${me} commits offset ${offset}`, (next) => {
      next.position = offset + 1;
      goTo(next, 'idle');
    });
  }
}

/** An idle worker takes a due letter, or one whose lease has expired. */
export function claimSteps(state: LetterState, i: number, step: Step): void {
  for (const [event, letter] of state.letters.entries()) {
    if (letter !== 'queued' && letter !== 'sending' && letter !== 'committing') continue;
    step(`worker ${i + 1} claims letter ${EVENTS[event]} (${letter})`, (next) => {
      if (letter === 'committing') countUnknown(next, event);
      next.letters[event] = 'sending';
      next.holders[event] = i + 1;
      next.workers[i] = 'composing';
      next.workerLetters[i] = event;
    });
  }
}

/** Composition and SMTP's dialogue, the marker, the dot, the server's answer, the record. */
export function workerSteps(
  state: LetterState,
  i: number,
  variant: LetterVariant | undefined,
  step: Step,
): void {
  const me = `worker ${i + 1}`;
  const at = state.workers[i];
  const event = state.workerLetters[i] as number;
  const name = EVENTS[event];
  const rest = (next: LetterState) => {
    next.workers[i] = 'idle';
    next.workerLetters[i] = 0;
  };
  /** Fenced by the token. */
  const putBack = (next: LetterState, letter: 'queued' | 'failed', unknown: boolean) => {
    if (state.holders[event] === i + 1) {
      if (unknown) countUnknown(next, event);
      next.letters[event] = letter;
      next.holders[event] = NOBODY;
    }
    rest(next);
  };
  if (at === 'composing') {
    step(`${me} is killed`, rest);
    step(`${me} cannot send letter ${name} now`, (next) => putBack(next, 'queued', false));
    markerStep(state, i, variant, step, rest);
  }
  if (at === 'before the dot') {
    step(`${me} is killed`, rest);
    step(`${me} loses the server before the dot`, (next) => putBack(next, 'queued', true));
    step(`${me} sends the dot of letter ${name}`, (next) => {
      next.workers[i] = 'after the dot';
    });
  }
  if (at === 'after the dot') {
    step(`the server accepts letter ${name}, ${me} gets its 250`, (next) => {
      receive(next, event);
      next.workers[i] = 'accepted';
    });
    step(`the server accepts letter ${name}, ${me} gets no answer`, (next) => {
      receive(next, event);
      putBack(next, 'queued', true);
    });
    step(`${me} gets no answer, its dot is still under way`, (next) => {
      leaveDot(next, event);
      putBack(next, 'queued', true);
    });
    step(`${me} is killed, its dot is still under way`, (next) => {
      leaveDot(next, event);
      rest(next);
    });
    step(`${me} gets 4xx for letter ${name}`, (next) => putBack(next, 'queued', false));
    step(`${me} gets 5xx for letter ${name}`, (next) => putBack(next, 'failed', false));
  }
  if (at === 'accepted') {
    step(`${me} is killed`, rest);
    step(`${me} records letter ${name} as sent`, (next) => {
      // Not fenced: the server accepted the letter, even if another process now holds the lease.
      next.letters[event] = 'sent';
      next.holders[event] = NOBODY;
      rest(next);
    });
  }
}

/** Between the body and the dot: only the current lease holder may continue. */
function markerStep(
  state: LetterState,
  i: number,
  variant: LetterVariant | undefined,
  step: Step,
  rest: (next: LetterState) => void,
): void {
  const event = state.workerLetters[i] as number;
  const holds = state.holders[event] === i + 1 && state.letters[event] === 'sending';
  if (!holds && variant !== 'marker-without-fence') {
    step(`worker ${i + 1} finds its letter taken and sends no dot`, rest);
    return;
  }
  const does = variant === 'no-marker' ? 'still holds' : 'marks';
  step(`worker ${i + 1} ${does} letter ${EVENTS[event]}`, (next) => {
    if (variant !== 'no-marker') next.letters[event] = 'committing';
    next.workers[i] = 'before the dot';
  });
}

/** The steps of a letter that need no worker. */
export function letterSteps(state: LetterState, event: number, step: Step): void {
  const name = EVENTS[event];
  if ((state.lateDots[event] as number) > 0) {
    step(`a late dot of letter ${name} arrives and is accepted`, (next) => {
      (next.lateDots[event] as number)--;
      receive(next, event);
    });
    step(`a late dot of letter ${name} is lost`, (next) => {
      (next.lateDots[event] as number)--;
    });
  }
  if (state.letters[event] === 'failed') {
    step(`the operator sends letter ${name} again`, (next) => {
      next.letters[event] = 'queued';
    });
  }
}

function receive(next: LetterState, event: number): void {
  next.accepted[event] = true;
  (next.uncounted[event] as number)++;
}

function countUnknown(next: LetterState, event: number): void {
  const floor = uncountedFloor(next.workers.length);
  next.uncounted[event] = Math.max(floor, (next.uncounted[event] as number) - 1);
}

function leaveDot(next: LetterState, event: number): void {
  next.lateDots[event] = Math.min(LATE_DOTS_MAX, (next.lateDots[event] as number) + 1);
}
