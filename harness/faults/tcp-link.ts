import { once } from 'node:events';
import net from 'node:net';

/**
 * How a link treats what passes:
 * - `cut`: ends its connections and takes no new ones
 * - `black-hole`: keeps what is sent, connections open and no answers; what it kept arrives late,
 *   also when the sender has given up by then, as a network may do it
 */
export type LinkMode = 'open' | 'cut' | 'black-hole';

/** What happens at one named step of a conversation. */
export interface Trap {
  /** Matches the bytes (latin1) that are the step: a request line, a statement's name. */
  pattern: RegExp;
  /**
   * `before`: they never arrive. `after`: they take effect, and the answer never arrives. In both
   * cases the connection ends, unless the step only stands still.
   */
  when: 'before' | 'after';
  /** Only where the answer matches, such as that of a statement which found something. */
  answer?: RegExp;
  /**
   * What is done at this moment. `hold` keeps the bytes until the link is let go on; `pass` hands
   * them on.
   */
  trigger: (link: Link) => 'end' | 'hold' | 'pass';
}

/** A TCP proxy on 127.0.0.1 between one process and one of those that it talks to. */
export interface Link {
  /** Whose link it is, such as `gateway/1`. */
  owner: string;
  /** What it leads to, such as `orders` or `billing-database`. */
  callee: string;
  port: number;
  /** Connections that are open now. */
  readonly connections: number;
  setMode(mode: LinkMode): void;
  /** Holds every piece up by so long, both ways. */
  setDelay(ms: number): void;
  /** Ends all connections now; new ones are taken. */
  cutConnections(): void;
  /** Lets so many answers from now on be lost after their requests took effect. */
  swallowAnswers(count: number): void;
  /** Delivers so many HTTP requests from now on a second time, each when its wait is over. */
  repeatRequests(count: number, wait: () => Promise<unknown>): void;
  /** How many were delivered a second time, and answered. */
  readonly repeated: number;
  /** Sets a trap until it is taken away. @returns takes it away */
  arm(trap: Trap): () => void;
  /** Lets go on what `hold` keeps. */
  release(): void;
  close(): Promise<void>;
}

interface LinkState {
  target: { host: string; port: number };
  mode: LinkMode;
  delayMs: number;
  swallow: number;
  repeat: { left: number; wait: () => Promise<unknown> };
  repeated: number;
  traps: Set<Trap>;
  pipes: Set<Pipe>;
  timers: Set<NodeJS.Timeout>;
}

const HOST = '127.0.0.1';

/** Opens a link to a target that may come and go. */
export async function openLink(options: {
  owner: string;
  callee: string;
  target: { host: string; port: number };
}): Promise<Link> {
  const state: LinkState = {
    target: options.target,
    mode: 'open',
    delayMs: 0,
    swallow: 0,
    repeat: { left: 0, wait: async () => {} },
    repeated: 0,
    traps: new Set(),
    pipes: new Set(),
    timers: new Set(),
  };
  const server = net.createServer((client) => {
    if (state.mode === 'cut') client.destroy();
    else new Pipe(client, state, link).start();
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const cutConnections = () => {
    for (const pipe of state.pipes) pipe.end();
  };
  const link: Link = {
    owner: options.owner,
    callee: options.callee,
    port: (server.address() as net.AddressInfo).port,
    get connections() {
      return state.pipes.size;
    },
    setMode(mode) {
      state.mode = mode;
      if (mode === 'cut') cutConnections();
      if (mode === 'open') for (const pipe of state.pipes) pipe.goOn();
    },
    setDelay(ms) {
      state.delayMs = ms;
    },
    cutConnections,
    swallowAnswers(count) {
      state.swallow = count;
    },
    repeatRequests(left, wait) {
      state.repeat = { left, wait };
    },
    get repeated() {
      return state.repeated;
    },
    arm(trap) {
      state.traps.add(trap);
      return () => state.traps.delete(trap);
    },
    release() {
      for (const pipe of state.pipes) pipe.goOn();
    },
    async close() {
      server.close();
      for (const timer of state.timers) clearTimeout(timer);
      cutConnections();
    },
  };
  return link;
}

const HTTP_REQUEST = /^[A-Z]{3,7} \/\S* HTTP\/1\.1\r\n/;

/** One connection through a link: requests go one after the other, each when the last was answered. */
class Pipe {
  readonly #client: net.Socket;
  readonly #service: net.Socket;
  readonly #state: LinkState;
  readonly #link: Link;
  /** What is not handed on yet, while it is held. */
  #kept: { to: net.Socket; chunk: Buffer }[] | undefined;
  /** A trap whose step has been handed on and not answered yet. */
  #answerTrap: Trap | undefined;
  /** The request under way, where it will be delivered again. */
  #copy: Buffer[] | undefined;
  #swallow = false;
  /** Delayed pieces of each way: none may overtake another, as no TCP connection lets one. */
  readonly #late = { up: [] as Buffer[], down: [] as Buffer[] };
  /** Until when they are delayed. */
  #dueAt = { up: 0, down: 0 };

  constructor(client: net.Socket, state: LinkState, link: Link) {
    this.#client = client;
    this.#state = state;
    this.#link = link;
    this.#service = net.connect(state.target);
    state.pipes.add(this);
  }

  start(): void {
    for (const socket of [this.#client, this.#service]) {
      socket.setNoDelay(true);
      socket.on('error', () => {}); // whoever gives up resets the connection
    }
    this.#client.on('data', (chunk: Buffer) => this.#up(chunk));
    this.#service.on('data', (chunk: Buffer) => this.#down(chunk));
    this.#client.on('close', () => {
      // What is held arrives late, although nobody waits for it any more.
      if (this.#kept === undefined) this.end();
    });
    this.#service.on('close', () => this.end());
  }

  end(): void {
    this.#client.destroy();
    this.#service.destroy();
    this.#state.pipes.delete(this);
  }

  goOn(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    for (const { to, chunk } of kept ?? []) if (!to.destroyed) to.write(chunk);
    // A request whose sender has gone takes effect first: its answer ends the connection.
    const late = kept?.some(({ to }) => to === this.#service) ?? false;
    if (kept !== undefined && this.#client.destroyed && !late) this.end();
  }

  #up(chunk: Buffer): void {
    const { traps } = this.#state;
    if (traps.size > 0 || this.#state.repeat.left > 0) {
      const text = chunk.toString('latin1');
      for (const trap of traps) {
        if (!trap.pattern.test(text)) continue;
        if (trap.when === 'after') this.#answerTrap = trap;
        else if (this.#trigger(trap) === 'end') return;
        break;
      }
      // Only now: a trap may have asked for it.
      if (this.#state.repeat.left > 0 && HTTP_REQUEST.test(text)) {
        this.#state.repeat.left -= 1;
        this.#copy = [];
      }
    }
    this.#copy?.push(chunk);
    if (this.#state.swallow > 0 && !this.#swallow) {
      this.#state.swallow -= 1;
      this.#swallow = true;
    }
    this.#hand('up', this.#service, chunk);
  }

  #down(chunk: Buffer): void {
    const trap = this.#sprungBy(chunk);
    this.#answerTrap = undefined;
    const copy = this.#copy;
    this.#copy = undefined;
    if (copy !== undefined) void this.#deliverAgain(Buffer.concat(copy));
    if (trap !== undefined && this.#trigger(trap) === 'end') return;
    if (this.#swallow || (this.#client.destroyed && this.#kept === undefined)) this.end();
    else this.#hand('down', this.#client, chunk);
  }

  #trigger(trap: Trap): 'end' | 'hold' | 'pass' {
    const next = trap.trigger(this.#link);
    if (next === 'end') this.end();
    if (next === 'hold') this.#kept ??= [];
    return next;
  }

  #sprungBy(chunk: Buffer): Trap | undefined {
    const trap = this.#answerTrap;
    // It may have been taken away, or triggered elsewhere, since the request passed.
    if (trap === undefined || !this.#state.traps.has(trap)) return undefined;
    return trap.answer?.test(chunk.toString('latin1')) === false ? undefined : trap;
  }

  #hand(way: 'up' | 'down', to: net.Socket, chunk: Buffer): void {
    const { mode, delayMs, timers } = this.#state;
    if (mode === 'black-hole') this.#kept ??= [];
    if (this.#kept !== undefined) {
      this.#kept.push({ to, chunk });
      return;
    }
    const late = this.#late[way];
    if (delayMs === 0 && late.length === 0) {
      to.write(chunk);
      return;
    }
    const now = performance.now();
    const dueAt = Math.max(this.#dueAt[way], now + delayMs);
    this.#dueAt[way] = dueAt;
    late.push(chunk);
    const timer = setTimeout(() => {
      timers.delete(timer);
      // The first of those that wait, whichever timer it is that comes first.
      const first = late.shift();
      if (first !== undefined && !to.destroyed) to.write(first);
    }, dueAt - now);
    timers.add(timer);
  }

  /** On a connection of its own, whose answer nobody hears. */
  async #deliverAgain(request: Buffer): Promise<void> {
    const { target, repeat } = this.#state;
    await repeat.wait();
    const socket = net.connect(target);
    socket.on('error', () => {});
    socket.on('data', () => {
      this.#state.repeated += 1;
      socket.destroy();
    });
    socket.write(request);
  }
}
