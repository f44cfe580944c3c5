/** The part of a class of requests that one client may take. */
export interface Share {
  /** Running requests of one client while other clients have requests too. */
  runningMax: number;
  /** Running and waiting requests of one client; more are refused. */
  totalMax: number;
  /** Shared by the classes whose clients need the same machine. */
  competition: Competition;
}

export type Competition = ReturnType<typeof createCompetition>;

// Two clients compete while both have sent requests within this time.
const COMPETING_MS = 60_000;
// Of all clients, in multiples of those that run: each waiting request holds its body.
const WAITING_MAX = 4;

interface Client {
  key: string;
  running: number;
  waiting: Ticket[];
}

/** A request that waits for its turn. */
export interface Ticket {
  client: Client;
  start: () => void;
}

/**
 * Fair queueing of the requests of one class. A client that sends more than its share waits, and the
 * clients that wait take turns: a flood of one client delays its own requests only. A client that is
 * alone may run as many as one client may have at all.
 */
export function createFairQueue({ limit, share }: { limit: number; share: Share }) {
  const { competition } = share;
  const clients = new Map<string, Client>();
  /** Clients with waiting requests, the next one first. */
  const turns = new Set<Client>();
  let running = 0;
  let waiting = 0;

  const mayRun = (client: Client) =>
    running < limit && client.running < (competition.isOn() ? share.runningMax : share.totalMax);

  function isFull(key: string): boolean {
    if (waiting >= limit * WAITING_MAX) return true;
    const client = clients.get(key);
    return client !== undefined && client.running + client.waiting.length >= share.totalMax;
  }

  function forget(client: Client): void {
    if (client.waiting.length === 0) turns.delete(client);
    if (client.running + client.waiting.length === 0) clients.delete(client.key);
  }

  function begin(client: Client): void {
    client.running++;
    running++;
  }

  function startNext(): boolean {
    for (const client of turns) {
      if (!mayRun(client)) continue;
      const { start } = client.waiting.shift() as Ticket;
      waiting--;
      begin(client);
      turns.delete(client);
      if (client.waiting.length > 0) turns.add(client);
      start();
      return true;
    }
    return false;
  }

  return {
    isFull,
    running: () => running,
    isBusy: () => running >= limit,
    isCompeting: competition.isOn,
    /**
     * Asks for a turn.
     * @param start called later when it is not the client's turn yet
     * @returns whether the request may run now; the ticket of one that waits; null where it is refused
     */
    acquire(key: string, start: () => void): true | Ticket | null {
      competition.notice(key);
      if (isFull(key)) return null;
      const client = clients.get(key) ?? { key, running: 0, waiting: [] };
      clients.set(key, client);
      if (client.waiting.length === 0 && mayRun(client)) {
        begin(client);
        return true;
      }
      const ticket = { client, start };
      client.waiting.push(ticket);
      waiting++;
      turns.add(client);
      return ticket;
    },
    release(key: string): void {
      const client = clients.get(key) as Client;
      client.running--;
      running--;
      forget(client);
      while (running < limit && startNext());
    },
    /** Takes a request out. @returns false when it does not wait any more */
    leave({ client, start }: Ticket): boolean {
      const index = client.waiting.findIndex((each) => each.start === start);
      if (index === -1) return false;
      client.waiting.splice(index, 1);
      waiting--;
      forget(client);
      return true;
    },
  };
}

/** Whether several clients have sent requests lately. */
export function createCompetition(nowMs = () => performance.now()) {
  let latestKey: string | undefined;
  let until = Number.NEGATIVE_INFINITY;
  return {
    isOn: () => nowMs() < until,
    notice(key: string): void {
      if (key === latestKey) return;
      if (latestKey !== undefined) until = nowMs() + COMPETING_MS;
      latestKey = key;
    },
  };
}
