import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';

/**
 * What the proxy does with a request:
 * - `pass`: hands it on, and its answer back
 * - `refuse`: ends the connection; nothing arrives
 * - `hang`: takes it and keeps it; it goes on, late, with the next setting, also when the sender
 *   has given up by then, as a network may do it
 * - `swallow-answers`: hands it on, and cuts the connection at the first byte of the answer, so
 *   that it took effect and nobody was told
 */
export type ProxyMode = 'pass' | 'refuse' | 'hang' | 'swallow-answers';

export interface ProxySetting {
  mode: ProxyMode;
  /** Only requests whose first line matches; the others pass. */
  requests?: RegExp;
  /** Only so many of them; then they pass too. */
  times?: number;
}

export interface TestProxy {
  /** `http://127.0.0.1:port`, known before the target is. */
  url: string;
  /** Where requests go from now on; of several each connection takes the next. */
  target(...urls: string[]): void;
  /** Changes what happens to requests from now on, and lets those go on that it kept. */
  set(setting: ProxySetting | 'pass'): void;
  /** First lines of the requests that were refused, kept or left without their answer so far. */
  readonly met: string[];
  /** Resolves when a request whose first line matches has met the present setting. */
  reached(requests?: RegExp): Promise<void>;
}

/**
 * A TCP proxy in front of one HTTP service, on 127.0.0.1, ended with the test. It looks at the
 * first line of each request: connections carry one request at a time here, one after the other.
 */
export async function startTestProxy(t: TestContext): Promise<TestProxy> {
  const state: ProxyState = {
    targets: [],
    turn: 0,
    setting: { mode: 'pass' },
    left: 0,
    met: [],
    links: new Set(),
    onMet: new Set(),
  };
  const server = net.createServer((socket) => {
    const link = new Link(socket, state);
    state.links.add(link);
    link.start();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const link of state.links) link.end();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    target(...urls) {
      state.targets = urls.map((url) => new URL(url));
    },
    set(setting) {
      state.setting = setting === 'pass' ? { mode: 'pass' } : setting;
      state.left = state.setting.times ?? Number.POSITIVE_INFINITY;
      state.met = [];
      for (const link of state.links) link.goOn();
    },
    get met() {
      return state.met;
    },
    reached(requests = /^/) {
      return new Promise((resolve) => {
        const look = () => {
          if (!state.met.some((line) => requests.test(line))) return;
          state.onMet.delete(look);
          resolve();
        };
        state.onMet.add(look);
        look();
      });
    },
  };
}

interface ProxyState {
  targets: URL[];
  /** How many connections found a target so far. */
  turn: number;
  setting: ProxySetting;
  /** How many requests the setting is still for. */
  left: number;
  met: string[];
  links: Set<Link>;
  onMet: Set<() => void>;
}

/** One connection of a client and, from its first request on, one to the service. */
class Link {
  readonly #client: net.Socket;
  readonly #state: ProxyState;
  #service: net.Socket | undefined;
  /** False from a request's first byte to its answer's first byte. */
  #idle = true;
  #swallow = false;
  /** What a request that hangs has sent. */
  #kept: Buffer[] | undefined;

  constructor(client: net.Socket, state: ProxyState) {
    this.#client = client;
    this.#state = state;
  }

  start(): void {
    this.#client.setNoDelay(true);
    this.#client.on('error', () => {}); // a client that gives up resets the connection
    this.#client.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#client.on('close', () => {
      // What hangs is delivered late, although nobody waits for it any more.
      if (this.#kept === undefined) this.end();
    });
  }

  /** Lets what hangs go on. */
  goOn(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    for (const chunk of kept ?? []) this.#hand(chunk);
  }

  end(): void {
    this.#client.destroy();
    this.#service?.destroy();
    this.#state.links.delete(this);
  }

  #take(chunk: Buffer): void {
    if (this.#idle) {
      this.#idle = false;
      const mode = this.#modeOf(chunk.toString('latin1').split('\r\n', 1)[0] as string);
      if (mode === 'refuse') {
        this.end();
        return;
      }
      this.#swallow = mode === 'swallow-answers';
      if (mode === 'hang') this.#kept = [];
    }
    if (this.#kept !== undefined) this.#kept.push(chunk);
    else this.#hand(chunk);
  }

  #modeOf(line: string): ProxyMode {
    const { setting, met, onMet } = this.#state;
    const { mode, requests = /^/ } = setting;
    if (mode === 'pass' || this.#state.left === 0 || !requests.test(line)) return 'pass';
    this.#state.left -= 1;
    met.push(line);
    for (const look of onMet) look();
    return mode;
  }

  #hand(chunk: Buffer): void {
    this.#service ??= this.#open();
    this.#service.write(chunk);
  }

  #open(): net.Socket {
    const { targets, turn } = this.#state;
    const target = targets[turn % targets.length];
    if (target === undefined) throw new Error('the proxy has no target yet');
    this.#state.turn += 1;
    const service = net.connect(Number(target.port), target.hostname);
    service.setNoDelay(true);
    service.on('error', () => {}); // the client sees the end of its connection
    service.on('close', () => this.end());
    service.on('data', (chunk: Buffer) => {
      this.#idle = true;
      if (this.#swallow || this.#client.destroyed) this.end();
      else this.#client.write(chunk);
    });
    return service;
  }
}
