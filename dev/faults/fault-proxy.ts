import { once } from 'node:events';
import net from 'node:net';
import {
  newProxyState,
  Pipe,
  type ProxyMode,
  type ProxyState,
  type RequestFault,
  type Trap,
} from './fault-connection.ts';

export type { RequestFault, Trap } from './fault-connection.ts';

export interface FaultProxyOptions {
  /** Whose connections pass it, such as `gateway/1`. */
  owner?: string;
  /** Where they lead, such as `orders` or `billing-database`. */
  callee?: string;
  target?: { host: string; port: number };
}

const HOST = '127.0.0.1';

/** A TCP proxy on 127.0.0.1 between a process and one that it talks to, which may come and go. */
export class FaultProxy {
  readonly owner: string;
  readonly callee: string;
  readonly #server: net.Server;
  readonly #state: ProxyState;

  private constructor({ owner = '', callee = '', target }: FaultProxyOptions) {
    this.owner = owner;
    this.callee = callee;
    this.#state = newProxyState(target === undefined ? [] : [target]);
    this.#server = net.createServer((client) => {
      if (this.#state.mode === 'cut') client.destroy();
      else new Pipe(client, this.#state).start();
    });
  }

  /** Opens a proxy; the caller closes it. */
  static async open(options: FaultProxyOptions = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    proxy.#server.listen(0, HOST);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** As the address of an HTTP service, known before the target is. */
  get url(): string {
    return `http://${HOST}:${this.port}`;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#state.pipes.size;
  }

  /** How many requests were delivered a second time, and answered. */
  get repeated(): number {
    return this.#state.repeated;
  }

  /** First lines of the requests that met the present fault so far. */
  get met(): string[] {
    return this.#state.met;
  }

  /** Where new connections lead; of several targets each connection takes the next. */
  target(...urls: string[]): void {
    this.#state.targets = urls.map((url) => {
      const { hostname, port } = new URL(url);
      return { host: hostname, port: Number(port) };
    });
  }

  setMode(mode: ProxyMode): void {
    this.#state.mode = mode;
    if (mode === 'cut') for (const pipe of this.#state.pipes) pipe.end();
    if (mode === 'pass') this.release();
  }

  /** Delays every piece, both ways. */
  setDelay(ms: number): void {
    this.#state.delayMs = ms;
  }

  /** Drops the next answers, this many of them, after their requests took effect. */
  swallowAnswers(count: number): void {
    this.#state.swallow = count;
  }

  /** Delivers the next HTTP requests, this many of them, a second time, each after its wait. */
  repeatRequests(left: number, wait: () => Promise<unknown>): void {
    this.#state.repeat = { left, wait };
  }

  /** Sets a trap. @returns removes it */
  arm(trap: Trap): () => void {
    this.#state.traps.add(trap);
    return () => this.#state.traps.delete(trap);
  }

  /** Forwards the bytes that `hold`, `hang` and `black-hole` keep. */
  release(): void {
    for (const pipe of this.#state.pipes) pipe.release();
  }

  /** Replaces the fault of requests, and forwards the requests that the last one kept. */
  setFault(fault: RequestFault | null): void {
    this.#state.met = [];
    const defaults = { requests: /^/, left: fault?.times ?? Number.POSITIVE_INFINITY };
    this.#state.fault = fault && { ...defaults, ...fault };
    this.release();
  }

  /** Resolves when a request whose first line matches has met the present fault. */
  reached(requests = /^/): Promise<void> {
    const { onMet } = this.#state;
    return new Promise((resolve) => {
      const look = () => {
        if (!this.met.some((line) => requests.test(line))) return;
        onMet.delete(look);
        resolve();
      };
      onMet.add(look);
      look();
    });
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const timer of this.#state.timers) clearTimeout(timer);
    for (const pipe of this.#state.pipes) pipe.end();
  }
}
