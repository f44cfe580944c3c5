import type { Packing } from './packing.ts';

/** One step that the modelled system may take. */
export interface Transition<State> {
  /** The actor and its action. */
  label: string;
  state: State;
}

/** Takes one step: its label and its change of the state. */
export type Step<State> = (label: string, change: (next: State) => void) => void;

/** The transitions that `take` makes from a state, each on a copy of it. */
export function transitionsFrom<State extends object>(
  state: State,
  take: (step: Step<State>) => void,
): Transition<State>[] {
  const found: Transition<State>[] = [];
  take((label, change) => {
    const next = { ...state };
    for (const field in next) {
      const value = next[field];
      if (Array.isArray(value)) next[field] = value.slice() as typeof value;
    }
    change(next);
    found.push({ label, state: next });
  });
  return found;
}

/** A protocol: where it begins, every step that it may take, and what must hold. */
export interface Model<State> {
  initial: State;
  packing: Packing<State>;
  next: (state: State) => Transition<State>[];
  /** The rule that the state breaks, or undefined. */
  check: (state: State) => string | undefined;
  /** Whether all work that was begun has ended. */
  isSettled: (state: State) => boolean;
}

/** A broken rule, with the labels of a shortest path to it. */
export interface Breach {
  /** The text of `check`, or `STUCK`. */
  kind: string;
  trace: string[];
}

export interface Exploration {
  states: number;
  transitions: number;
  /** Steps to the state that is farthest from the initial one. */
  depth: number;
  breach: Breach | undefined;
}

/** From here no sequence of steps leads to a settled state. */
export const STUCK = 'stuck';

const STATES_MAX = 3_000_000;

/**
 * Visits every state that the model can reach, nearest first, and ends at the first breach: of
 * `check` (safety), or else of "a settled state stays reachable from everywhere" (liveness).
 * @throws Error when there are more than `statesMax` states: a part explored proves nothing
 */
export function explore<State>(model: Model<State>, statesMax = STATES_MAX): Exploration {
  const reached = reach(model, statesMax);
  const { keys, transitions, depth } = reached;
  const breach = reached.breach ?? findStuck(model, reached);
  return {
    states: keys.length,
    transitions: transitions.to.length,
    depth,
    breach: breach && { kind: breach.kind, trace: traceTo(model, reached, breach.state) },
  };
}

type Reached = ReturnType<typeof reach>;

/** States are numbered in the order in which they were found, the initial one is 0. */
function reach<State>(model: Model<State>, statesMax: number) {
  const { pack, unpack } = model.packing;
  const keys: number[] = [];
  const numbers = new Map<number, number>();
  /** Of each state the one that it was found from. */
  const parents = new IntList();
  const transitions = { from: new IntList(), to: new IntList() };
  let breach: { kind: string; state: number } | undefined;

  function numberOf(state: State, parent: number): number {
    const key = pack(state);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = keys.length;
    if (number === statesMax) throw new Error(`more than ${statesMax} states`);
    keys.push(key);
    numbers.set(key, number);
    parents.push(parent);
    // States are found nearest first, so the first breach is one of the nearest.
    const kind = breach ? undefined : model.check(state);
    if (kind !== undefined) breach = { kind, state: number };
    return number;
  }

  numberOf(model.initial, 0);
  let depth = 0;
  let depthEnd = keys.length;
  for (let from = 0; from < keys.length && !breach; from++) {
    if (from === depthEnd) {
      depth++;
      depthEnd = keys.length;
    }
    for (const { state } of model.next(unpack(keys[from] as number))) {
      transitions.from.push(from);
      transitions.to.push(numberOf(state, from));
    }
  }
  return { keys, parents, transitions, depth, breach };
}

/** Walks back from all settled states at once; a state that it does not reach is stuck. */
function findStuck<State>(model: Model<State>, reached: Reached): Reached['breach'] {
  const { keys, transitions } = reached;
  const origins = groupByTarget(transitions, keys.length);
  const canSettle = new Uint8Array(keys.length);
  const toVisit: number[] = [];
  function visit(state: number): void {
    if (canSettle[state]) return;
    canSettle[state] = 1;
    toVisit.push(state);
  }

  for (const [state, key] of keys.entries()) {
    if (model.isSettled(model.packing.unpack(key))) visit(state);
  }
  for (let state = toVisit.pop(); state !== undefined; state = toVisit.pop()) {
    for (const origin of origins(state)) visit(origin);
  }
  const state = canSettle.indexOf(0);
  return state === -1 ? undefined : { kind: STUCK, state };
}

/** @returns for a state, those that lead to it in one step */
function groupByTarget(
  { from, to }: Reached['transitions'],
  states: number,
): (state: number) => Int32Array {
  // Counting sort: the transitions to state n occupy ends[n - 1] up to ends[n].
  const ends = new Int32Array(states + 1);
  for (const target of to.values()) (ends[target] as number)++;
  for (let i = 1; i <= states; i++) (ends[i] as number) += ends[i - 1] as number;
  const starts = ends.slice();
  const grouped = new Int32Array(to.length);
  const origins = from.values();
  for (const [i, target] of to.values().entries()) {
    grouped[--(starts[target] as number)] = origins[i] as number;
  }
  return (state) => grouped.subarray(starts[state], ends[state]);
}

/** The labels on the way to a state: they are not kept, but asked of the model once more. */
function traceTo<State>(model: Model<State>, { keys, parents }: Reached, end: number): string[] {
  const { pack, unpack } = model.packing;
  const trace: string[] = [];
  for (let state = end; state !== 0; state = parents.values()[state] as number) {
    const parent = keys[parents.values()[state] as number] as number;
    const step = model.next(unpack(parent)).find((found) => pack(found.state) === keys[state]);
    trace.unshift((step as Transition<State>).label);
  }
  return trace;
}

/** Numbers in four bytes each: there are ten transitions to a state, and a million states. */
class IntList {
  length = 0;
  #numbers = new Int32Array(1_024);

  push(number: number): void {
    if (this.length === this.#numbers.length) {
      const longer = new Int32Array(this.length * 2);
      longer.set(this.#numbers);
      this.#numbers = longer;
    }
    this.#numbers[this.length++] = number;
  }

  values(): Int32Array {
    return this.#numbers.subarray(0, this.length);
  }
}
