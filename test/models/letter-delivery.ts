import {
  COPIES_MAX,
  copiesOf,
  EVENTS,
  type LetterState,
  type LetterVariant,
  type Step,
} from './letter-state.ts';

/** Orders commits an event; or, in a variant, has nothing but its memory. */
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
      // The event's id is the letter's: what is there stays as it is.
      if (state.letters[event] === 'none') next.letters[event] = 'queued';
      else if (variant === 'inbox-without-ids') next.letters[event] = 'doubled';
      if (offsetFirst) goTo(next, 'idle');
      else goTo(next, 'stored', offset);
    });
  }
  if (at === 'stored') {
    // Not fenced here: a late owner may set the position back, and everything comes again.
    step(`${me} commits offset ${offset}`, (next) => {
      next.position = offset + 1;
      goTo(next, 'idle');
    });
  }
}
