import { type ServiceProcess, startServiceProcess } from '#dev/system/service-process.ts';
import { type Link, openLink } from '#harness/faults/tcp-link.ts';
import type { Environment } from '#platform/config/load-config.ts';
import type { RunningService } from '#platform/service/internal-service.ts';
import { withPatience } from '../common/waiting.ts';

/** One process of a service, which may be killed and started again on the same port. */
export interface Replica extends RunningService {
  /** Such as `orders/2`. */
  name: string;
  service: string;
  /** Ways by which it reaches others. */
  links: Link[];
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
  /** Settings as the wiring table has them; addresses in them are replaced by links. */
  env: Environment;
  /** Gets each line that it prints, with its name. */
  onLine: (line: string, name: string) => void;
  /** Told when it ends and nobody here ended it. */
  onUnexpectedEnd: (what: string) => void;
}

/** Starts a replica behind links of its own and waits until it listens. */
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
  const links: Link[] = [];
  const env = await throughLinks(name, options.env, links);
  const closeLinks = async () => {
    for (const link of links) await link.close();
  };
  let state: Replica['state'] = 'running';
  let child = await start(env).catch(async (error: unknown) => {
    await closeLinks();
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
    child = await withPatience(`a start of ${name}`, () => start(settings));
    state = 'running';
    watch(child);
  }

  return {
    name,
    service,
    links,
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
        await closeLinks();
      }
    },
  };
}

/** Replaces each address by one of a link that leads there. */
async function throughLinks(
  owner: string,
  env: Environment,
  links: Link[],
): Promise<Record<string, string | undefined>> {
  const changed: Record<string, string | undefined> = { ...env };
  for (const [name, value] of Object.entries(env)) {
    if (!name.endsWith('_URL') || value === undefined || name === 'MAILBOX_URL') continue;
    const callee = name.slice(0, -'_URL'.length).toLowerCase().replaceAll('_', '-');
    const urls: string[] = [];
    for (const text of value.split(',')) {
      const url = new URL(text);
      const target = { host: url.hostname, port: Number(url.port) };
      const link = await openLink({ owner, callee, target });
      links.push(link);
      // `host` of a URL with an unknown scheme can be set by its text only.
      urls.push(text.replace(url.host, `127.0.0.1:${link.port}`));
    }
    changed[name] = urls.join(',');
  }
  return changed;
}
