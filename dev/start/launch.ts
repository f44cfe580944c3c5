import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigError, loadConfig } from '#platform/config/load-config.ts';
import { isGiven, readSetting } from '#platform/config/read-setting.ts';
import { describeError } from '#platform/errors.ts';
import type { RunningService } from '#platform/service/internal-service.ts';
import { stopOnSignal } from '#platform/service/run.ts';
import { sayWhileWaiting } from '#platform/service/start-step.ts';
import { createLog } from '#platform/telemetry/log.ts';
import { print, printError } from '#platform/telemetry/print.ts';
import { startTracing } from '#platform/telemetry/tracing-sdk.ts';
import { hostInUrl, isLoopbackAddress } from '#platform/values/host-names.ts';
import { commandFor } from '#platform/values/program.ts';
import { makePrivate, PRIVATE_UMASK } from '../files/private-folder.ts';
import type { Lab } from '../lab/lab.ts';
import type { Mailbox } from '../mailbox/mailbox.ts';
import { NoBinariesError } from '../postgres/cluster-directory.ts';
import { DataInUseError, type EmbeddedPostgres, startPostgres } from '../postgres/postgres.ts';
import { databaseSettings, databasesWithoutUrl } from '../system/databases.ts';
import { reachable } from '../system/reachable.ts';
import { loadSecrets, type Secrets } from '../system/secrets.ts';
import { loadService } from '../system/services.ts';
import type { SystemOptions } from '../system/system.ts';
import { openThread } from '../system/thread.ts';
import { becomeReady } from './become-ready.ts';
import { ensureConsole } from './console.ts';
import { checkRunningFile, removeRunningFile, writeRunningFile } from './running.ts';
import { mailboxText, screen } from './screen.ts';
import { levelOf, readStartSettings, type StartSettings } from './settings.ts';
import { SERVICES_STOP_MS, type Stop, stopAll } from './stop.ts';

// By the imports of package.json, which lead to emitted files in the npm package.
const MAILBOX = new URL(import.meta.resolve('#dev/mailbox/thread.ts'));
const SERVICE = new URL(import.meta.resolve('#dev/system/service-thread.ts'));
// The services that follow orders run in a second thread, so that orders do not wait for their work.
const IN_THREAD: readonly string[] = ['webhooks', 'notifications'];

// After Ctrl-C during a start: a step that hangs is abandoned, so that the rest stops in time.
const STEP_END_MS = 5_000;

interface Run {
  home: string;
  /** What has started, in the order in which it stops. */
  stops: Stop[];
  /** Stops last. */
  database: Stop | undefined;
  /** Shown to the user, as in "waiting for PostgreSQL". */
  waitingFor: string;
  /** Aborts the start between two steps. */
  interrupted: AbortSignal;
  /** Whether to replace lost secrets first. */
  newSecrets: boolean;
  /** Whether to start with the fault lab. */
  lab: boolean;
}

/**
 * Starts the whole system on this machine, which needs only Node: PostgreSQL, the mailbox and all
 * services. Prints the addresses, or one line that says why it cannot start.
 * @param home folder of the data
 */
export async function launch(
  home: string,
  { newSecrets = false, lab = false } = {},
): Promise<void> {
  const interrupted = new AbortController();
  const run: Run = {
    home,
    stops: [],
    database: undefined,
    waitingFor: '',
    interrupted: interrupted.signal,
    newSecrets,
    lab,
  };
  let stopping: Promise<void> | undefined;

  function stop(): Promise<void> {
    interrupted.abort(new Error('stopped while it started'));
    stopping ??= (async () => {
      await Promise.race([starting.catch(() => {}), delay(STEP_END_MS)]);
      await stopAll(run.stops, run.database);
    })();
    return stopping;
  }

  const starting = sayWhileWaiting(() => run.waitingFor, start(run), print);
  stopOnSignal(stop, print);
  try {
    const { text, onShown } = await starting;
    print(text);
    await onShown();
  } catch (error) {
    // `stopOnSignal` reports the stop.
    if (interrupted.signal.aborted) return;
    const expected = error instanceof DataInUseError || error instanceof ConfigError;
    printError(expected ? error.message : `Orderbell cannot start: ${describeError(error)}`);
    await stop().catch((fault: unknown) => {
      printError(`could not stop cleanly: ${describeError(fault)}`);
    });
    process.exit(1);
  }
}

/** Reads the settings in this thread, so that it reports what is wrong with them. */
async function startInThread(
  thread: ReturnType<typeof openThread>,
  name: string,
  env: NodeJS.ProcessEnv,
): Promise<RunningService> {
  const { settings } = await loadService(name);
  const config = loadConfig(name, settings, env);
  return thread.start(SERVICE, { name, config, level: levelOf(name) });
}

interface StartScreen {
  text: string;
  /** To be called after printing: a start that is killed before shows the password again. */
  onShown: () => Promise<void>;
}

/** Where links in letters lead: to the printed address. Port 0 is another one at each start. */
function linksOf(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const port = readSetting('gateway', 'PORT', env)?.text ?? '8080';
  if (isGiven('notifications', 'PUBLIC_URL', env) || port === '0') return {};
  const scheme = isGiven('gateway', 'TLS_CERTIFICATE', env) ? 'https' : 'http';
  const address = readSetting('gateway', 'LISTEN_ADDRESS', env)?.text ?? '127.0.0.1';
  // A browser opens no wildcard address, and keeps the session of one host from another one.
  const host = isLoopbackAddress(address) ? address : 'localhost';
  return { NOTIFICATIONS_PUBLIC_URL: `${scheme}://${hostInUrl(host)}:${port}` };
}

function environmentOf(ownSmtp: boolean): NodeJS.ProcessEnv {
  return {
    // Its letters leave this machine, so strangers must not get any (decision 33).
    ...(ownSmtp && { CONFIRM_ADDRESSES: 'true' }),
    // Replicas of other versions run in no such set-up.
    LETTER_TEMPLATE: '2',
    ...linksOf(process.env),
    ...process.env,
    // No load balancer is in front of it, and Ctrl-C has to end it at once.
    STOP_DELAY_MS: '0',
  };
}

async function start(run: Run): Promise<StartScreen> {
  const { home, stops, interrupted } = run;
  const usersUmask = process.umask(PRIVATE_UMASK);
  const settings = await readSettings();
  if (run.lab) (await import('../lab/lab.ts')).checkLabSettings(process.env);
  const level = settings.LOG_LEVEL;
  const log = createLog('start', level);
  const ownSmtp = isGiven('notifications', 'SMTP_URL', process.env);
  // Behind the services, which come before it in the list of stops.
  stops.push({ what: 'traces', ...(await startTracing('orderbell', process.env, log)) });
  const notices = [makePrivate(home)].filter((line) => line !== null);
  if (run.newSecrets) {
    const { makeNewSecrets } = await import('./new-secrets.ts');
    await makeNewSecrets(home);
  }
  const kept = await loadSecrets(home);
  await checkRunningFile(home);
  const letters = openThread();
  stops.unshift({ what: 'the thread of letters', close: () => letters.end() });
  const consoleReady = ensureConsole(usersUmask);
  // The services' code is read while the database starts.
  const [databaseUrls, { OPERATOR_EMAIL, startSystem }, { readNetwork }] = await allOf([
    startDatabases(run, kept.secrets, log, (line) => notices.push(line)),
    importSystem(),
    import('./network.ts'),
  ]);
  interrupted.throwIfAborted();
  let mailbox: Mailbox | undefined;
  if (!ownSmtp) {
    run.waitingFor = 'the mailbox';
    const file = join(home, 'mailbox.sqlite');
    mailbox = await letters.start<unknown, Mailbox>(MAILBOX, { file, level, settings });
    stops.unshift({ what: 'the mailbox', close: mailbox.close });
  }

  interrupted.throwIfAborted();
  run.waitingFor = 'the build of the web console';
  const consoleNotice = await consoleReady;
  if (consoleNotice !== null) notices.push(consoleNotice);
  const network = readNetwork(process.env, mailbox !== undefined);
  const lab = run.lab ? await startLab(run, log) : undefined;
  const options: SystemOptions = {
    databaseUrl: (name) => databaseUrls.get(name) as string,
    secrets: kept.secrets,
    // Unused with a mail server of the environment.
    smtpUrl: mailbox?.smtpUrl ?? '',
    ...(mailbox !== undefined && { mailboxUrl: mailbox.httpUrl }),
    closed: network.closed,
    stopTimeoutMs: SERVICES_STOP_MS,
    env: environmentOf(ownSmtp),
    log: (service) => createLog(service, levelOf(service)),
    startService(name, env) {
      return IN_THREAD.includes(name) ? startInThread(letters, name, env) : null;
    },
    onStarting(services) {
      run.waitingFor = services.join(', ');
    },
  };
  const system = await startSystem(lab?.wire(options) ?? options);
  stops.unshift({ what: 'the services', close: () => system.close() });
  if (lab !== undefined) {
    lab.serve(system);
    stops.unshift({ what: 'the faults', close: lab.heal });
  }
  await becomeReady(run, system.url);
  await writeRunningFile(home, { url: reachable(system.url), pid: process.pid });
  stops.unshift({ what: 'running.json', close: () => removeRunningFile(home) });
  const text = screen({
    url: system.url,
    home,
    operator: OPERATOR_EMAIL,
    password: kept.fresh ? kept.secrets.operatorPassword : null,
    mailbox: mailboxText(mailbox !== undefined, network.closed, system.url),
    lab: run.lab,
    warning: network.lines,
    notices,
  });
  return { text, onShown: kept.keepOperatorPassword };
}

/** Only its own start loads the code of the fault lab. */
async function startLab({ stops }: Run, log: Logger): Promise<Lab> {
  const { openLab } = await import('../lab/lab.ts');
  const lab = await openLab(log);
  stops.unshift({ what: 'the fault lab', close: lab.close });
  return lab;
}

/** @throws ConfigError with the faults of `npm start` and of all services */
async function readSettings(): Promise<StartSettings> {
  try {
    return readStartSettings();
  } catch (error) {
    if (error instanceof ConfigError) await importSystem(error.problems);
    throw error;
  }
}

/**
 * Loads the wiring of all services, and checks their settings.
 * @param problems known already
 * @throws ConfigError with the faults of all services
 */
async function importSystem(problems: string[] = []) {
  const system = await import('../system/system.ts');
  const all = [...problems, ...(await system.settingProblems(process.env))];
  if (all.length > 0) throw new ConfigError(commandFor('start'), all);
  return system;
}

/**
 * Starts PostgreSQL for the databases that have no setting; none when all have one.
 * @returns their URLs
 */
async function startDatabases(
  run: Run,
  { databasePassword }: Secrets,
  log: Logger,
  notice: (line: string) => void,
): Promise<Map<string, string>> {
  const names = databasesWithoutUrl(process.env);
  if (names.length === 0) return new Map();
  const onWait = (why: string) => {
    run.waitingFor = `PostgreSQL${why && `: ${why}`}`;
  };
  onWait('');
  let postgres: EmbeddedPostgres;
  try {
    const { home, interrupted: signal } = run;
    postgres = await startPostgres({ home, log, notice, onWait, signal });
  } catch (error) {
    if (!(error instanceof NoBinariesError)) throw error;
    const settings = databaseSettings(names);
    throw new Error(`${error.message}, or use databases of your own: set ${settings}`);
  }
  run.database = {
    what: 'PostgreSQL',
    // The rest is for an exit at once.
    close: (limitMs) => postgres.stop(limitMs / 2),
  };
  run.interrupted.throwIfAborted();
  run.waitingFor = `the databases ${names.join(', ')}`;
  const urls = names.map((name) => postgres.ensureDatabase(name, databasePassword));
  return new Map((await allOf(urls)).map((url, index) => [names[index] as string, url]));
}

/** Like `Promise.all`, but waits for all of them also when one fails. */
async function allOf<T extends readonly unknown[]>(
  works: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  await Promise.allSettled(works);
  return (await Promise.all(works)) as unknown as T;
}
