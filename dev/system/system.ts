import type { Logger } from 'pino';
import { deadlineIn } from '#platform/async/deadline.ts';
import { withTimeout } from '#platform/async/timeout.ts';
import { ConfigError, type Environment, loadConfig } from '#platform/config/load-config.ts';
import { formsOf, isGiven } from '#platform/config/read-setting.ts';
import type { ServiceDefinition } from '#platform/service/definition.ts';
import type { RunningService } from '#platform/service/internal-service.ts';
import { DATABASES } from './databases.ts';
import { reachable } from './reachable.ts';
import { type ReplicaSet, settleAll, startReplicaSet } from './replica-set.ts';
import { createSecrets } from './secrets.ts';
import { loadServices } from './services.ts';
import { createWiring, OPERATOR_EMAIL, type WiringOptions } from './wiring.ts';

export { DATABASES, OPERATOR_EMAIL };

// Services without callers end within milliseconds.
const STAGE_STOP_MS = 500;

/** Starts one replica of a service, by its name and settings; null starts it in this thread. */
export type StartService = (
  name: string,
  env: Environment,
  log: Logger,
) => Promise<RunningService> | null;

export interface SystemOptions extends WiringOptions {
  /** Settings, before those of the wiring; a plain PORT or LISTEN_ADDRESS is the gateway's. */
  env: Environment;
  log: (service: string) => Logger;
  /** How a service is started; in this thread when absent. */
  startService?: StartService;
  /** How many replicas a service has; one when absent. */
  replicasOf?: (service: string) => number;
  /** How long `close` waits in all; it leaves services behind that do not end. Endless when absent. */
  stopTimeoutMs?: number;
  /** Gets the services that are being started, whenever that changes. */
  onStarting?: (services: string[]) => void;
}

export interface System {
  /** Base URL of the public API, at the first gateway. */
  url: string;
  /** The services by name, to stop one alone. */
  services: Map<string, ReplicaSet>;
  /**
   * Starts one more replica of a service with other settings, at a free port. Other services do not
   * call it, and the caller must close it.
   */
  startExtraReplica(name: string, changes: Environment): Promise<RunningService>;
  close(): Promise<void>;
}

/**
 * Starts all services; they talk real HTTP on loopback.
 * @throws ConfigError, or Error when a port is taken or a database does not answer; what had
 *   started is closed again
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { startService, replicasOf = () => 1, onStarting = () => {} } = options;
  const starting = new Set<string>();
  const running = new Map<string, ReplicaSet>();
  const urls: Record<string, string> = {};
  const services = await loadServices();
  const wiring = await createWiring(services, options);

  function startOne(service: ServiceDefinition, changes: Environment): Promise<RunningService> {
    const { name } = service;
    const wired = wiring.settingsOf(service, urls);
    const env = layered(service, wired, givenTo(name, options.env), changes);
    const log = options.log(name);
    return (
      startService?.(name, env, log) ??
      // Async, so that a synchronous error becomes a rejection: the caller waits for a whole stage.
      (async () => service.start(loadConfig(name, service.settings, env), log))()
    );
  }

  async function startReplicas(service: ServiceDefinition): Promise<void> {
    const { name } = service;
    // Only one of several can have the port that was asked for.
    const more = Array.from({ length: replicasOf(name) - 1 }, () => '0');
    onStarting([...starting.add(name)]);
    const set = await startReplicaSet([undefined, ...more], (port) =>
      startOne(service, { PORT: port }),
    );
    starting.delete(name);
    onStarting([...starting]);
    running.set(name, set);
    urls[name] = set.urls.map(reachable).join(',');
  }

  async function stopOne(name: string, limitMs: number): Promise<void> {
    const stopped = running.get(name)?.stop() ?? Promise.resolve();
    if (options.stopTimeoutMs === undefined) return stopped;
    await withTimeout(limitMs, stopped).catch((cause: unknown) => {
      throw new Error(`${name} did not end`, { cause });
    });
  }

  /** Callers first, so that no service calls one that is gone. */
  async function close(): Promise<void> {
    const errors: unknown[] = [];
    const deadline = deadlineIn(options.stopTimeoutMs ?? 0);
    const stages = wiring.stages.toReversed();
    for (const [index, stage] of stages.entries()) {
      // A hanging service leaves time for the later ones.
      const reservedMs = STAGE_STOP_MS * (stages.length - 1 - index);
      const limitMs = Math.max(STAGE_STOP_MS, deadline.remainingMs() - reservedMs);
      const stops = stage.map(({ name }) => stopOne(name, limitMs));
      // One that fails does not keep the others running.
      for (const stop of await Promise.allSettled(stops)) {
        if (stop.status === 'rejected') errors.push(stop.reason);
      }
    }
    if (errors.length > 1) throw new AggregateError(errors);
    if (errors.length > 0) throw errors[0];
  }

  try {
    for (const stage of wiring.stages) await settleAll(stage.map(startReplicas));
  } catch (error) {
    // The first error is the cause; errors while closing would hide it.
    await close().catch(() => {});
    throw error;
  }
  return {
    url: running.get('gateway')?.urls[0] as string,
    services: running,
    startExtraReplica(name, changes) {
      const service = services.find((each) => each.name === name);
      if (service === undefined) throw new Error(`there is no service ${name}`);
      return startOne(service, { PORT: '0', ...changes });
    },
    close,
  };
}

// Only one service can have the plain form; the others run next to it.
const GATEWAY_ONLY = ['PORT', 'LISTEN_ADDRESS', 'METRICS_PORT'];

/** The settings that were given for a service. */
function givenTo(name: string, env: Environment): Environment {
  if (name === 'gateway') return env;
  const others = GATEWAY_ONLY.flatMap((setting) => [setting, `${setting}_FILE`]);
  return Object.fromEntries(Object.entries(env).filter(([variable]) => !others.includes(variable)));
}

/**
 * Merges settings in any of their forms: a later layer wins. Skips empty ones, which would hide
 * those of the wiring: `.env.example` leaves required settings empty.
 */
function layered({ name, settings }: ServiceDefinition, ...layers: Environment[]): Environment {
  const all: Environment = {};
  for (const layer of layers) {
    for (const setting of Object.keys(settings.properties)) {
      if (!isGiven(name, setting, layer)) continue;
      for (const variable of formsOf(name, setting)) delete all[variable];
    }
    Object.assign(all, Object.fromEntries(Object.entries(layer).filter(([, v]) => v?.trim())));
  }
  return all;
}

/**
 * Reads the settings of all services without starting one.
 * @returns what is wrong with them, each once, with the services that read it
 */
export async function settingProblems(env: Environment): Promise<string[]> {
  const services = await loadServices();
  const wiring = await createWiring(services, {
    databaseUrl: () => 'postgres://localhost/any',
    secrets: createSecrets(),
    smtpUrl: 'smtp://localhost:25',
  });
  const urls = Object.fromEntries(services.map(({ name }) => [name, 'http://localhost']));
  const readers = new Map<string, string[]>();
  for (const service of wiring.stages.flat()) {
    const { name, settings } = service;
    try {
      const wired = wiring.settingsOf(service, urls);
      loadConfig(name, settings, layered(service, wired, givenTo(name, env)));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) {
        readers.set(problem, [...(readers.get(problem) ?? []), name]);
      }
    }
  }
  return [...readers].map(([problem, names]) => `${problem} (${names.join(', ')})`);
}
