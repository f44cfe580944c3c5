/** Counts what a load gets back: statuses, and how connections end. */
export type Tally = ReturnType<typeof createTally>;

export function createTally() {
  const counts = new Map<string, number>();
  return {
    counts,
    add(what: string): void {
      counts.set(what, (counts.get(what) ?? 0) + 1);
    },
  };
}

/** What a load has to do with. */
export interface HostileContext {
  /** Base URL of the gateway. */
  url: string;
  host: string;
  port: number;
  /** The mailbox's port for mail; undefined where the system is not of this machine. */
  smtpPort: number | undefined;
  tally: Tally;
  /** Aborted when the load is over: it sends no more, and keeps its connections. */
  over: AbortSignal;
  /** Aborted when the connections may go. */
  released: AbortSignal;
  /** A new customer. @param topUp minor units in the wallet; none when 0 */
  createCustomer(topUp: number): Promise<{ email: string; token: string }>;
}

export interface HostileLoad {
  name: string;
  /** For the table. */
  title: string;
  /** What it needs before the clock runs. @returns the load itself, which ends after `over` */
  prepare(context: HostileContext): Promise<() => Promise<void>>;
}
