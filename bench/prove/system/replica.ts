import { freePort } from '#dev/files/free-port.ts';
import { type ServiceProcess, startServiceProcess } from '#dev/system/service-process.ts';
import { retry } from '#harness/eventually.ts';
import { FaultProxy } from '#harness/faults/fault-proxy.ts';
import type { Environment } from '#platform/config/load-config.ts';
import type { RunningService } from '#platform/service/internal-service.ts';

export interface ReplicaOptions {
  service: string;
  /** Such as `orders/2`. */
  name: string;
  /** Settings as the wiring table has them; addresses in them are replaced by proxies. */
  env: Environment;
  /** Gets each line that it prints. */
  onLine: (line: string) => void;
  /** Called when it ends and nothing here ended it. */
  onUnexpectedEnd: (what: string) => void;
}

/** Starts a replica behind fault proxies of its own and waits until it listens. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const proxies: FaultProxy[] = [];
  const reached = await throughProxies(options.name, options.env, proxies);
  // Not port 0: while it is dead, the system could give that port to a connection.
  const env = { ...reached, PORT: String(await freePort()) };
  try {
    return new Replica(options, proxies, env, await startProcess(options, env));
  } catch (error) {
    for (const proxy of proxies) await proxy.close();
    throw error;
  }
}

/** A start that fails may be repeated: its lines are part of its error and not of the log. */
async function startProcess(options: ReplicaOptions, env: Environment): Promise<ServiceProcess> {
  const early: string[] = [];
  let started = false;
  const onLine = (line: string) => {
    if (started) options.onLine(line);
    else early.push(line);
  };
  const process = await startServiceProcess(options.service, env, { onLine });
  started = true;
  for (const line of early) options.onLine(line);
  return process;
}

/** One process of a service, which may be killed and started again on the same port. */
export class Replica implements RunningService {
  readonly name: string;
  readonly service: string;
  readonly url: string;
  /** The ways by which it reaches others. */
  readonly proxies: FaultProxy[];
  readonly #options: ReplicaOptions;
  readonly #env: Environment;
  #child: ServiceProcess;
  #state: 'running' | 'suspended' | 'dead' = 'running';

  constructor(
    options: ReplicaOptions,
    proxies: FaultProxy[],
    env: Environment,
    child: ServiceProcess,
  ) {
    this.name = options.name;
    this.service = options.service;
    this.url = child.url;
    this.proxies = proxies;
    this.#options = options;
    this.#env = env;
    this.#child = child;
    this.#watch(child);
  }

  /** Only a running one can be harmed. */
  get state(): 'running' | 'suspended' | 'dead' {
    return this.#state;
  }

  /** SIGKILL; it is dead when this returns, as far as the others are concerned. */
  kill(): void {
    this.#state = 'dead';
    this.#child.kill('SIGKILL');
  }

  /** Starts a dead one again and waits until it listens. @param changes of its settings */
  async revive(changes: Environment = {}): Promise<void> {
    await this.#child.exited;
    const env = { ...this.#env, ...changes };
    this.#child = await retry(`a start of ${this.name}`, () => startProcess(this.#options, env));
    this.#state = 'running';
    this.#watch(this.#child);
  }

  /** SIGSTOP. */
  suspend(): void {
    if (this.#state !== 'running') return;
    this.#state = 'suspended';
    this.#child.kill('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    if (this.#state !== 'suspended') return;
    this.#child.kill('SIGCONT');
    this.#state = 'running';
  }

  async close(): Promise<void> {
    this.resume();
    const ended = this.#state === 'dead';
    this.#state = 'dead';
    try {
      if (!ended) await this.#child.close();
    } finally {
      for (const proxy of this.proxies) await proxy.close();
    }
  }

  #watch(watched: ServiceProcess): void {
    void watched.exited.then(({ code, signal }) => {
      if (this.#child !== watched || this.#state === 'dead') return;
      const how = signal ?? `code ${code}`;
      this.#options.onUnexpectedEnd(`${this.name} ended by itself with ${how}`);
      this.#state = 'dead';
    });
  }
}

/** Replaces each address by the one of a fault proxy in front of it. */
async function throughProxies(
  owner: string,
  env: Environment,
  proxies: FaultProxy[],
): Promise<Record<string, string | undefined>> {
  const changed: Record<string, string | undefined> = { ...env };
  for (const [name, value] of Object.entries(env)) {
    if (!name.endsWith('_URL') || value === undefined || name === 'MAILBOX_URL') continue;
    const callee = name.slice(0, -'_URL'.length).toLowerCase().replaceAll('_', '-');
    const urls: string[] = [];
    for (const text of value.split(',')) {
      const url = new URL(text);
      const target = { host: url.hostname, port: Number(url.port) };
      const proxy = await FaultProxy.open({ owner, callee, target });
      proxies.push(proxy);
      // `host` of a URL with an unknown scheme can be set by its text only.
      urls.push(text.replace(url.host, `127.0.0.1:${proxy.port}`));
    }
    changed[name] = urls.join(',');
  }
  return changed;
}
