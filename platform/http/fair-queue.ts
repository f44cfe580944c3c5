/** The part of a class of requests that one client may take. */
export interface Share {
  /** Running requests of a client that floods: while another one has no more than these at once. */
  runningMax: number;
  /** Running and waiting requests of one client; more are refused. */
  totalMax: number;
  /** Shared by the classes whose clients load the same machine. */
  competition: Competition;
}

export type Competition = ReturnType<typeof createCompetition>;

// A client that sends at least this often is protected from those that flood.
const COMPETING_MS = 5_000;
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
 * Fair queueing of the requests of one class. A client that sends more than its share waits while
 * another one does not, and the clients that wait take turns: a flood of one client delays its own
 * requests only. Where all send more, or one is alone, each may run as many as one client may have.
 */
export function createFairQueue({ limit, share }: { limit: number; share: Share }) {
  const { competition } = share;
  const clients = new Map<string, Client>();
  /** Clients with waiting requests, the next one first. */
  const turns = new Set<Client>();
  let running = 0;
  let waiting = 0;

  const mayRun = (client: Client) =>
    running < limit &&
    client.running < (competition.isOn(client.key) ? share.runningMax : share.totalMax);

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
      if (isFull(key)) return null;
      const client = clients.get(key) ?? { key, running: 0, waiting: [] };
      clients.set(key, client);
      competition.notice(key, client.running + client.waiting.length < share.runningMax);
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

/** A client that stayed within its share. */
interface Moderate {
  key: string;
  at: number;
}

/** Whether clients that flood take time from others: from those that stay within their share. */
export function createCompetition(nowMs = () => performance.now()) {
  /** The latest client within its share, and the latest but that one. */
  let latest: Moderate | undefined;
  let other: Moderate | undefined;
  const isRecent = (one: Moderate | undefined, key: string) =>
    one !== undefined && one.key !== key && nowMs() - one.at < COMPETING_MS;

  return {
    /** Whether another client than this one has lately stayed within its share. */
    isOn: (key: string) => isRecent(latest, key) || isRecent(other, key),
    /** Each request of a client, and whether it stays within its share with it. */
    notice(key: string, isModerate: boolean): void {
      if (!isModerate) {
        if (other?.key === key) other = undefined;
        if (latest?.key === key) [latest, other] = [other, undefined];
      } else if (latest?.key === key) {
        latest.at = nowMs();
      } else {
        [latest, other] = [{ key, at: nowMs() }, latest];
      }
    },
  };
}
