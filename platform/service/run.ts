import http from 'node:http';
import { type Static, type TObject, Type } from 'typebox';
import { ConfigError, loadConfig, mergeSettings } from '../config/load-config.ts';
import { misspelledSettings } from '../config/misspelled-settings.ts';
import { describeError } from '../errors.ts';
import { createLog } from '../telemetry/log.ts';
import { printError } from '../telemetry/print.ts';
import { startTracing } from '../telemetry/tracing-sdk.ts';
import type { ServiceDefinition } from './definition.ts';
import { sayWhileWaiting } from './start-step.ts';

const STOP_TIMEOUT_MS = 10_000;
const NODE_MAJOR = 26;

/** Settings of every process. */
export const RunSettings = Type.Object({
  LOG_LEVEL: Type.String({
    default: 'info',
    pattern: '^(trace|debug|info|warn|error|fatal|silent)$',
    description: 'Least severe level that is logged.',
  }),
});

/**
 * Runs one service as a process: reads settings from the environment, and exits with code 0 on
 * SIGTERM or SIGINT after everything is closed.
 * @param load imports the service, after a look at Node: an older one cannot link its modules
 */
export async function runService(
  load: () => Promise<{ service: ServiceDefinition }>,
): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR) {
    printError(`Orderbell runs on Node ${NODE_MAJOR}, and this is Node ${process.versions.node}`);
    process.exit(1);
  }
  const { name, settings, start } = (await load()).service;
  keepLoopbackDirect();
  try {
    // One schema, so that one message lists every problem.
    const schema = mergeSettings(settings, RunSettings);
    const misspelled = misspelledSettings(name, schema, process.env);
    const config = readConfig(name, schema, misspelled);
    const { LOG_LEVEL } = config as Static<typeof RunSettings>;
    const log = createLog(name, LOG_LEVEL);
    for (const line of misspelled) log.warn(line);
    const tracing = await startTracing(name, process.env, log);
    const service = await sayWhileWaiting(
      () => 'its database and broker',
      start(config, log),
      (line) => log.warn(line),
    );
    // Before the line below: its reader may send a signal at once.
    stopOnSignal(
      () => service.close().finally(tracing.close),
      (line) => log.info(line),
      (config as { STOP_DELAY_MS?: number }).STOP_DELAY_MS,
    );
    log.info(`${name} listens on ${service.url}`);
  } catch (error) {
    sayCannotStart(name, error);
    process.exitCode = 1;
    process.exit();
  }
}

function readConfig(name: string, schema: TObject, misspelled: string[]): Static<TObject> {
  try {
    return loadConfig(name, schema, process.env);
  } catch (error) {
    // A misspelled name often is why another one is not set.
    throw error instanceof ConfigError
      ? new ConfigError(name, [...error.problems, ...misspelled])
      : error;
  }
}

/** Says on a terminal in words for a person, elsewhere in a line for the collector of logs. */
export function sayCannotStart(name: string, error: unknown): void {
  const expected = error instanceof ConfigError;
  const text = expected ? error.message : describeError(error);
  if (process.stderr.isTTY) printError(text);
  // Also where LOG_LEVEL is `silent`, or is what is wrong.
  else createLog(name, 'fatal').fatal(expected ? { problems: error.problems } : {}, text);
}

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** Requests to this machine never go through a proxy of the environment. */
function keepLoopbackDirect(): void {
  const { NODE_OPTIONS = '', NODE_USE_ENV_PROXY, NO_PROXY, no_proxy: noProxy } = process.env;
  if (NODE_USE_ENV_PROXY !== '1' && !NODE_OPTIONS.includes('--use-env-proxy')) return;
  process.env.no_proxy = [noProxy || NO_PROXY, ...LOOPBACK].filter(Boolean).join(',');
  http.setGlobalProxyFromEnv();
}

/**
 * Calls `stop` at the first SIGTERM or SIGINT and exits: 0 when done, 1 when it failed or took over
 * 10 s. Later signals are ignored: a terminal sends Ctrl-C to npm and to us, and npm forwards its
 * own.
 * @param delayMs how long `stop` serves requests first, not counted in the 10 s
 */
export function stopOnSignal(
  stop: () => Promise<void>,
  say: (line: string) => void,
  delayMs = 0,
): void {
  let stopping = false;
  // When the reader of our output is gone, EPIPE must not prevent the stop.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const onSignal = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    const delay = delayMs > 0 ? `not ready any more; after ${delayMs} ms ` : '';
    say(`${signal}: ${delay}finishing what runs`);
    setTimeout(() => {
      say('could not finish in time');
      process.exit(1);
    }, delayMs + STOP_TIMEOUT_MS).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        say(`could not stop cleanly: ${describeError(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
