import { type ServiceProcess, startServiceProcess } from '#dev/system/service-process.ts';
import { retry } from '#harness/eventually.ts';
import { FaultProxy } from '#harness/faults/fault-proxy.ts';
import type { Environment } from '#platform/config/load-config.ts';
import type { RunningService } from '#platform/service/internal-service.ts';

/** One process of a service, which may be killed and started again on the same port. */
export interface Replica extends RunningService {
  /** Such as `orders/2`. */
  name: string;
  service: string;
  /** Ways by which it reaches others. */
  proxies: FaultProxy[];
  /** What it is at the moment: only one that runs can be harmed. */
  readonly state: 'running' | 'suspended' | 'dead';
  /** SIGKILL; it is dead when this returns, as far as the others are concerned. */
  kill(): void;
  /** Starts a dead one again and waits until it listens. @param changes of its settings */
  revive(changes?: Environment): Promise<void>;
  /** SIGSTOP. */
  suspend(): void;
  /** SIGCONT. */
  resume(): void;
}

export interface ReplicaOptions {
  service: string;
  number: number;
  /** Settings as the wiring table has them; addresses in them are replaced by proxies. */
  env: Environment;
  /** Gets each line that it prints, with its name. */
  onLine: (line: string, name: string) => void;
  /** Told when it ends and nobody here ended it. */
  onUnexpectedEnd: (what: string) => void;
}

/** Starts a replica behind proxies of its own and waits until it listens. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { service, number } = options;
  const name = `${service}/${number}`;
  /** A start that fails is repeated: what it printed is its fault's text and no line of the log. */
  async function start(settings: Environment): Promise<ServiceProcess> {
    const early: string[] = [];
    let started = false;
    const onLine = (line: string) => {
      if (started) options.onLine(line, name);
      else early.push(line);
    };
    const process = await startServiceProcess(service, settings, { onLine });
    started = true;
    for (const line of early) options.onLine(line, name);
    return process;
  }
  const proxies: FaultProxy[] = [];
  const env = await throughProxies(name, options.env, proxies);
  const closeProxies = async () => {
    for (const proxy of proxies) await proxy.close();
  };
  let state: Replica['state'] = 'running';
  let child = await start(env).catch(async (error: unknown) => {
    await closeProxies();
    throw error;
  });
  const port = new URL(child.url).port;
  watch(child);

  function watch(watched: ServiceProcess): void {
    void watched.exited.then(({ code, signal }) => {
      if (child !== watched || state === 'dead') return;
      options.onUnexpectedEnd(`${name} ended by itself with ${signal ?? `code ${code}`}`);
      state = 'dead';
    });
  }

  async function revive(changes: Environment = {}): Promise<void> {
    await child.exited;
    const settings = { ...env, PORT: port, ...changes };
    child = await retry(`a start of ${name}`, () => start(settings));
    state = 'running';
    watch(child);
  }

  return {
    name,
    service,
    proxies,
    url: child.url,
    get state() {
      return state;
    },
    kill() {
      state = 'dead';
      child.kill('SIGKILL');
    },
    revive,
    suspend() {
      if (state !== 'running') return;
      state = 'suspended';
      child.kill('SIGSTOP');
    },
    resume() {
      if (state !== 'suspended') return;
      child.kill('SIGCONT');
      state = 'running';
    },
    async close() {
      if (state === 'suspended') child.kill('SIGCONT');
      const ended = state === 'dead';
      state = 'dead';
      try {
        if (!ended) await child.close();
      } finally {
        await closeProxies();
      }
    },
  };
}

/** Replaces each address by one of a proxy that leads there. */
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
