import { FAULTS, type FaultName, type Links } from './links.ts';

// A switch that was forgotten ends by itself.
export const FAULT_S_MAX = 600;
export const FAULT_S_DEFAULT = 300;

/** A fault as the API of the lab shows it. */
export interface FaultState {
  name: FaultName;
  on: boolean;
  /** When it ends by itself; null while it is off. */
  endsInS: number | null;
  /** Requests of payments that have met it since it was switched on. */
  hits: number;
}

interface Running {
  /** Different each time that a switch is turned on. */
  turn: number;
  end: () => void;
  endsAt: number;
  timer: NodeJS.Timeout;
  hits: number;
}

export type Switches = ReturnType<typeof createSwitches>;

/** The switches of the faults: each ends by itself, and one on the same link ends the other. */
export function createSwitches(links: Pick<Links, 'begin'>) {
  const running = new Map<FaultName, Running>();
  let turns = 0;

  function off(name: FaultName): void {
    const one = running.get(name);
    if (one === undefined) return;
    running.delete(name);
    clearTimeout(one.timer);
    one.end();
  }

  function offAll(): void {
    for (const name of [...running.keys()]) off(name);
  }

  return {
    /** @param forS until it ends by itself, at most `FAULT_S_MAX` */
    on(name: FaultName, forS: number): void {
      for (const other of [...running.keys()]) if (FAULTS[other] === FAULTS[name]) off(other);
      const limitMs = Math.min(forS, FAULT_S_MAX) * 1_000;
      turns += 1;
      const one: Running = {
        turn: turns,
        end: () => {},
        endsAt: performance.now() + limitMs,
        timer: setTimeout(() => off(name), limitMs).unref(),
        hits: 0,
      };
      one.end = links.begin(name, () => {
        one.hits += 1;
      });
      running.set(name, one);
    },
    off,
    offAll,
    states: (): FaultState[] =>
      (Object.keys(FAULTS) as FaultName[]).map((name) => {
        const one = running.get(name);
        return {
          name,
          on: one !== undefined,
          endsInS: one === undefined ? null : Math.ceil((one.endsAt - performance.now()) / 1_000),
          hits: one?.hits ?? 0,
        };
      }),
    /** The faults that are on, each with its turn: an equal turn was on all the time between. */
    turns: (): Map<FaultName, number> =>
      new Map([...running].map(([name, { turn }]) => [name, turn])),
  };
}
