import net from 'node:net';

/**
 * How a proxy treats all bytes:
 * - `pass`: forwards them
 * - `cut`: ends its connections and takes no new ones
 * - `black-hole`: keeps them, connections open; they arrive late, at the next `pass`, even when the
 *   sender has given up by then, as in a real network
 */
export type ProxyMode = 'pass' | 'cut' | 'black-hole';

/**
 * The treatment of the bytes that trigger a trap; `hold` keeps them until the next `release`, or for
 * the trap's `holdMs`.
 */
export type TrapAction = 'pass' | 'cut' | 'hold';

/** An action at one named step of a conversation. */
export interface Trap {
  /** Matches the bytes (latin1) that are the step: a request line, a statement's name. */
  pattern: RegExp;
  /**
   * `before`: the bytes never arrive. `after`: they take effect, and the answer never arrives. The
   * connection ends in both cases, unless the action holds the bytes or lets them pass.
   */
  when: 'before' | 'after';
  /** Only where the answer matches, such as that of a statement which found something. */
  answer?: RegExp;
  /** How long \`hold\` keeps the bytes at most. */
  holdMs?: number;
  trigger: () => TrapAction;
}

/**
 * A fault of single requests:
 * - `refuse`: the connection ends; nothing arrives
 * - `hang`: the request is kept and arrives late, at the next `setFault`
 * - `swallow-answers`: the request takes effect, and the connection ends at the answer's first byte
 */
export interface RequestFault {
  kind: 'refuse' | 'hang' | 'swallow-answers';
  /** Only requests whose first line matches. */
  requests?: RegExp;
  /** Maximum number of them. */
  times?: number;
}

const HTTP_REQUEST = /^[A-Z]{3,7} \/\S* HTTP\/1\.1\r\n/;

export type ProxyState = ReturnType<typeof newProxyState>;

/** The state that a proxy shares with its connections. */
export function newProxyState(targets: { host: string; port: number }[]) {
  return {
    targets,
    /** How many connections found a target so far. */
    turn: 0,
    mode: 'pass' as ProxyMode,
    delayMs: 0,
    /** How many of the next answers are lost. */
    swallow: 0,
    repeat: { left: 0, wait: (): Promise<unknown> => Promise.resolve() },
    repeated: 0,
    fault: null as { kind: RequestFault['kind']; requests: RegExp; left: number } | null,
    met: [] as string[],
    onMet: new Set<() => void>(),
    traps: new Set<Trap>(),
    pipes: new Set<Pipe>(),
    timers: new Set<NodeJS.Timeout>(),
  };
}

/** One connection: requests go one after the other, each when the last was answered. */
export class Pipe {
  readonly #client: net.Socket;
  readonly #state: ProxyState;
  #service: net.Socket | undefined;
  /** False from a request's first byte to its answer's first byte. */
  #idle = true;
  /** Bytes that are held and not forwarded yet. */
  #kept: { way: Way; chunk: Buffer }[] | undefined;
  /** A trap whose step has been forwarded and not answered yet. */
  #answerTrap: Trap | undefined;
  /** The request in progress, where it will be delivered again. */
  #copy: Buffer[] | undefined;
  #swallow = false;
  /** Delayed pieces of each way: none may overtake another, as in any TCP connection. */
  readonly #late = { up: [] as Buffer[], down: [] as Buffer[] };
  /** Until when they are delayed. */
  #dueAt = { up: 0, down: 0 };

  constructor(client: net.Socket, state: ProxyState) {
    this.#client = client;
    this.#state = state;
    state.pipes.add(this);
  }

  start(): void {
    this.#client.setNoDelay(true);
    this.#client.on('error', () => {}); // a client that gives up resets the connection
    this.#client.on('data', (chunk: Buffer) => this.#up(chunk));
    this.#client.on('close', () => {
      // Held bytes arrive late, even when the client no longer waits for the answer.
      if (this.#kept === undefined) this.end();
    });
    // At once, as a mail server speaks first; without a target, at the first request.
    if (this.#state.targets.length > 0) this.#connect();
  }

  end(): void {
    this.#client.destroy();
    this.#service?.destroy();
    this.#state.pipes.delete(this);
  }

  release(): void {
    const kept = this.#kept;
    if (kept === undefined) return;
    this.#kept = undefined;
    for (const { way, chunk } of kept) this.#write(way, chunk);
    // A request whose sender has gone takes effect first: its answer ends the connection.
    if (this.#client.destroyed && !kept.some(({ way }) => way === 'up')) this.end();
  }

  #connect(): net.Socket {
    const { targets, turn } = this.#state;
    const target = targets[turn % targets.length];
    if (target === undefined) throw new Error('the proxy has no target yet');
    this.#state.turn += 1;
    const service = net.connect(target);
    this.#service = service;
    service.setNoDelay(true);
    service.on('error', () => {}); // the client sees the end of its connection
    service.on('close', () => this.end());
    service.on('data', (chunk: Buffer) => this.#down(chunk));
    return service;
  }

  #up(chunk: Buffer): void {
    const state = this.#state;
    const isWatched = state.fault !== null || state.traps.size > 0 || state.repeat.left > 0;
    const text = isWatched ? chunk.toString('latin1') : '';
    if (this.#idle && !this.#passesFault(text)) return;
    this.#idle = false;
    for (const trap of state.traps) {
      if (!trap.pattern.test(text)) continue;
      if (trap.when === 'after') this.#answerTrap = trap;
      else if (this.#trigger(trap) === 'cut') return;
      break;
    }
    // Only now: a trap may have asked for it.
    if (state.repeat.left > 0 && HTTP_REQUEST.test(text)) {
      state.repeat.left -= 1;
      this.#copy = [];
    }
    this.#copy?.push(chunk);
    if (state.swallow > 0 && !this.#swallow) {
      state.swallow -= 1;
      this.#swallow = true;
    }
    this.#forward('up', chunk);
  }

  /** Applies the fault of requests to one that begins. @returns false when nothing of it arrives */
  #passesFault(text: string): boolean {
    const { fault, met, onMet } = this.#state;
    const line = text.split('\r\n', 1)[0] as string;
    if (fault === null || fault.left === 0 || !fault.requests.test(line)) return true;
    fault.left -= 1;
    met.push(line);
    for (const look of onMet) look();
    if (fault.kind === 'hang') this.#kept ??= [];
    if (fault.kind === 'swallow-answers') this.#swallow = true;
    if (fault.kind === 'refuse') this.end();
    return fault.kind !== 'refuse';
  }

  #down(chunk: Buffer): void {
    this.#idle = true;
    const trap = this.#trapOf(chunk);
    this.#answerTrap = undefined;
    const copy = this.#copy;
    this.#copy = undefined;
    if (copy !== undefined) void this.#deliverAgain(Buffer.concat(copy));
    if (trap !== undefined && this.#trigger(trap) === 'cut') return;
    if (this.#swallow || (this.#client.destroyed && this.#kept === undefined)) this.end();
    else this.#forward('down', chunk);
  }

  #trigger(trap: Trap): TrapAction {
    const action = trap.trigger();
    if (action === 'cut') this.end();
    if (action === 'hold') this.#hold(trap.holdMs);
    return action;
  }

  #hold(ms: number | undefined): void {
    this.#kept ??= [];
    if (ms === undefined) return;
    const { timers } = this.#state;
    const timer = setTimeout(() => {
      timers.delete(timer);
      this.release();
    }, ms);
    timers.add(timer);
  }

  /** The trap that an answer triggers. */
  #trapOf(chunk: Buffer): Trap | undefined {
    const trap = this.#answerTrap;
    // It may have been removed, or triggered elsewhere, since the request passed.
    if (trap === undefined || !this.#state.traps.has(trap)) return undefined;
    return trap.answer?.test(chunk.toString('latin1')) === false ? undefined : trap;
  }

  #forward(way: Way, chunk: Buffer): void {
    const { mode, delayMs, timers } = this.#state;
    if (mode === 'black-hole') this.#kept ??= [];
    if (this.#kept !== undefined) {
      this.#kept.push({ way, chunk });
      return;
    }
    const late = this.#late[way];
    if (delayMs === 0 && late.length === 0) {
      this.#write(way, chunk);
      return;
    }
    const now = performance.now();
    const dueAt = Math.max(this.#dueAt[way], now + delayMs);
    this.#dueAt[way] = dueAt;
    late.push(chunk);
    const timer = setTimeout(() => {
      timers.delete(timer);
      // The first piece that waits, whichever timer fires first.
      const first = late.shift();
      if (first !== undefined) this.#write(way, first);
    }, dueAt - now);
    timers.add(timer);
  }

  #write(way: Way, chunk: Buffer): void {
    const to = way === 'down' ? this.#client : (this.#service ?? this.#connect());
    if (!to.destroyed) to.write(chunk);
  }

  /** Sends the request once more over a separate connection and discards the answer. */
  async #deliverAgain(request: Buffer): Promise<void> {
    const { targets, repeat } = this.#state;
    await repeat.wait();
    const socket = net.connect(targets[0] as { host: string; port: number });
    socket.on('error', () => {});
    socket.on('data', () => {
      this.#state.repeated += 1;
      socket.destroy();
    });
    socket.write(request);
  }
}

type Way = 'up' | 'down';
