import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore, type Model, STUCK } from './explore.ts';
import { packing, range } from './packing.ts';

interface Walk {
  x: number;
  y: number;
}

/** Goes right or up on a board, as far as its edge; the far corner is the end. */
function walk(size: number, changes: Partial<Model<Walk>> = {}): Model<Walk> {
  return {
    initial: { x: 0, y: 0 },
    packing: packing<Walk>({ x: { values: range(0, size) }, y: { values: range(0, size) } }),
    next({ x, y }) {
      const right = { label: 'right', state: { x: x + 1, y } };
      const up = { label: 'up', state: { x, y: y + 1 } };
      return [...(x < size ? [right] : []), ...(y < size ? [up] : [])];
    },
    check: () => undefined,
    isSettled: ({ x, y }) => x === size && y === size,
    ...changes,
  };
}

test('every state is visited once, every transition counted', () => {
  assert.deepEqual(explore(walk(9)), {
    states: 100,
    transitions: 180,
    depth: 18,
    breach: undefined,
  });
});

test('a breach is reported with a shortest path to it', () => {
  const model = walk(9, { check: ({ x, y }) => (x === 2 && y >= 1 ? 'off the path' : undefined) });
  const { breach } = explore(model);
  assert.equal(breach?.kind, 'off the path');
  assert.deepEqual(breach?.trace.toSorted(), ['right', 'right', 'up']);
});

test('the initial state is checked too', () => {
  const { breach } = explore(walk(1, { check: () => 'wrong from the start' }));
  assert.deepEqual(breach, { kind: 'wrong from the start', trace: [] });
});

test('a state from which no settled state can be reached is reported, also in a cycle', () => {
  const pit = walk(3);
  const next: typeof pit.next = (state) => {
    if (state.x === 3 && state.y === 0) return [{ label: 'turns', state }];
    return pit.next(state);
  };
  const { breach } = explore({ ...pit, next });
  assert.deepEqual(breach, { kind: STUCK, trace: ['right', 'right', 'right'] });
});

test('more states than allowed are an error, not a smaller result', () => {
  assert.equal(explore(walk(9), 100).states, 100);
  assert.throws(() => explore(walk(9), 99), /more than 99 states/);
});

test('a state is packed into a number and back', () => {
  const { pack, unpack } = packing<{ name: string; open: boolean; counts: number[] }>({
    name: { values: ['a', 'b', 'c'] },
    open: { values: [false, true] },
    counts: { length: 2, values: range(-1, 2) },
  });
  const keys = new Set<number>();
  for (const name of ['a', 'b', 'c']) {
    for (const open of [false, true]) {
      for (const first of range(-1, 2)) {
        for (const second of range(-1, 2)) {
          const state = { name, open, counts: [first, second] };
          assert.deepEqual(unpack(pack(state)), state);
          keys.add(pack(state));
        }
      }
    }
  }
  assert.equal(keys.size, 3 * 2 * 4 * 4);
});

test('a state outside the domains is refused', () => {
  const { pack } = packing<Walk>({ x: { values: range(0, 3) }, y: { values: [-1, 1] } });
  assert.throws(() => pack({ x: 4, y: 1 }), /x cannot be 4/);
  assert.throws(() => pack({ x: -1, y: 1 }), /x cannot be -1/);
  assert.throws(() => pack({ x: 0, y: 0 }), /y cannot be 0/);
  const wide = { length: 60, values: [false, true] };
  assert.throws(() => packing<{ bits: boolean[] }>({ bits: wide }), /too many for a number/);
});
