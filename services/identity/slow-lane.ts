import { setTimeout as wait } from 'node:timers/promises';

/** Lets an attempt wait for its turn. @returns false when it lost its place: it is to be refused */
export interface SlowLane {
  wait(account: string, ms: number): Promise<boolean>;
}

interface Waiting {
  lose: AbortController;
}

/**
 * Where sign-ins of an account under attack wait, before they take a thread or a connection. A full
 * lane draws lots: an attacker can make the owner's attempt unlikely to pass, never impossible.
 * @param limits `perAccount` bounds the guesses at one account, `inAll` the memory
 */
export function createSlowLane(limits: { perAccount: number; inAll: number }): SlowLane {
  const accounts = new Map<string, Set<Waiting>>();
  let total = 0;

  function fullest(): string {
    let found: [string, number] = ['', 0];
    for (const [name, { size }] of accounts) if (size > found[1]) found = [name, size];
    return found[0];
  }

  function remove(account: string, one: Waiting): void {
    const own = accounts.get(account);
    if (own?.delete(one) !== true) return;
    total -= 1;
    if (own.size === 0) accounts.delete(account);
  }

  /** Draws one of the waiting attempts of the account and the new one. @returns whether that is in */
  function draw(account: string, isOwn: boolean): boolean {
    const candidates = [...(accounts.get(account) ?? [])];
    const index = Math.floor(Math.random() * (candidates.length + (isOwn ? 1 : 0)));
    const loser = candidates[index];
    if (loser === undefined) return false;
    remove(account, loser);
    loser.lose.abort();
    return true;
  }

  function hasRoom(account: string): boolean {
    if ((accounts.get(account)?.size ?? 0) >= limits.perAccount) return draw(account, true);
    if (total < limits.inAll) return true;
    const other = fullest();
    return draw(other, other === account);
  }

  return {
    async wait(account, ms) {
      if (!hasRoom(account)) return false;
      const one = { lose: new AbortController() };
      const own = accounts.get(account) ?? new Set();
      accounts.set(account, own.add(one));
      total += 1;
      try {
        await wait(ms, undefined, { signal: one.lose.signal });
        return true;
      } catch {
        return false;
      } finally {
        remove(account, one);
      }
    },
  };
}
