import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Exploration, explore, type Model } from './explore.ts';

/**
 * Explores a model in which everything must hold.
 * @param seen called with every state, so that the caller can check that expected states are reached
 */
export function assertHolds<State>(
  t: TestContext,
  model: Model<State>,
  seen: (state: State) => void,
): Exploration {
  const result = explore({
    ...model,
    check(state) {
      seen(state);
      return model.check(state);
    },
  });
  t.diagnostic(
    `${result.states} states, ${result.transitions} transitions, ${result.depth} steps deep`,
  );
  assert.equal(result.breach, undefined, result.breach?.trace.join('\n') ?? '');
  return result;
}

/** Explores a flawed model: the breach that is expected must be found. */
export function assertRefuted<State>(
  t: TestContext,
  model: Model<State>,
  expected: { kind: string; by: RegExp },
): void {
  const { breach, states } = explore(model);
  assert.ok(breach, 'no breach was found');
  const trace = breach.trace.join('\n  ');
  t.diagnostic(`${breach.kind}, in ${breach.trace.length} steps, ${states} states:\n  ${trace}`);
  assert.equal(breach.kind, expected.kind);
  assert.match(trace, expected.by);
}
