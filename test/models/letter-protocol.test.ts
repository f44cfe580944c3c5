import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STUCK } from './explore.ts';
import { LETTER_BREACHES, letterProtocol } from './letter-protocol.ts';
import type { LetterProtocol, LetterState, LetterVariant } from './letter-state.ts';
import { assertHolds, assertRefuted } from './verdict.ts';

const DELIVERED = ['none', 'queued'];
const SENT = [...DELIVERED, 'sending', 'committing', 'sent', 'failed'];

/** Protocols that hold, with the letter states to reach and the number of states. */
const holding: [name: string, protocol: LetterProtocol, letters: string[], states: number][] = [
  [
    'two events, committed in any order, to the inbox, two of each process',
    { events: 2, relays: 2, consumers: 2, workers: 0 },
    DELIVERED,
    100_000,
  ],
  [
    'one event to the mail server, two of each process',
    { events: 1, relays: 2, consumers: 2, workers: 2 },
    SENT,
    500_000,
  ],
  [
    'one event to the mail server, three letter workers',
    { events: 1, relays: 1, consumers: 1, workers: 3 },
    SENT,
    250_000,
  ],
];

for (const [name, protocol, letters, states] of holding) {
  test(`the letter protocol holds: ${name}`, (t) => {
    const seen = new Set<string>();
    let uncountedMax = 0;
    const result = assertHolds(t, letterProtocol(protocol), (state) => {
      for (const letter of state.letters) seen.add(letter);
      uncountedMax = Math.max(uncountedMax, ...state.uncounted);
    });
    assert.deepEqual([...seen].sort(), letters.toSorted());
    // The bound is reached, so one less would be broken.
    assert.equal(uncountedMax, protocol.workers > 0 ? 1 : 0);
    assert.ok(result.states >= states, `only ${result.states} states`);
  });
}

const few = { events: 1, relays: 1, consumers: 1, workers: 1 } as const;

const refuted: [variant: LetterVariant, protocol: LetterProtocol, kind: string, by: RegExp][] = [
  ['publish-after-commit', few, STUCK, /^orders is killed before it publishes event a$/],
  ['mark-before-publish', few, STUCK, /marks event a as published\n.*relay 1 is killed$/],
  [
    'relay-by-cursor',
    { ...few, events: 2, workers: 0 },
    STUCK,
    // Event a has the lower number and commits later.
    /^(?!.*order a).*marks event b as published$/s,
  ],
  ['offset-before-letter', few, STUCK, /commits the offset\n.*consumer 1 is killed$/],
  ['inbox-without-ids', few, LETTER_BREACHES.twoLetters, /(stores the letter of event a.*){2}$/s],
  [
    'marker-without-fence',
    { ...few, workers: 2 },
    LETTER_BREACHES.uncountedCopy,
    /claims letter a \(sending\).*marks letter a.*marks letter a/s,
  ],
  ['no-marker', few, LETTER_BREACHES.uncountedCopy, /claims letter a \(sending\)/],
];

for (const [variant, protocol, kind, by] of refuted) {
  test(`the letter protocol is refuted with ${variant}`, (t) => {
    assertRefuted(t, letterProtocol({ ...protocol, variant }), { kind, by });
  });
}

const spoilt: [kind: string, change: Partial<LetterState>][] = [
  [LETTER_BREACHES.twoLetters, { letters: ['doubled'] }],
  [LETTER_BREACHES.uncountedCopy, { letters: ['sent'], accepted: [true], uncounted: [2] }],
  [LETTER_BREACHES.sentUnaccepted, { letters: ['sent'] }],
];

for (const [kind, change] of spoilt) {
  test(`the check of letters reports ${kind}`, () => {
    const model = letterProtocol(few);
    assert.equal(model.check(model.initial), undefined);
    assert.equal(model.check({ ...model.initial, ...change }), kind);
  });
}
