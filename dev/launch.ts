import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ConfigError, loadConfig } from '#platform/config.ts';
import { describeError } from '#platform/errors.ts';
import { createLog } from '#platform/log.ts';
import { RunSettings, stopOnSignal } from '#platform/run.ts';
import { ensureConsole } from './console.ts';
import type { Mailbox } from './mailbox.ts';
import { DataInUseError, startPostgres } from './postgres.ts';
import { loadSecrets } from './secrets.ts';
import { openThread } from './thread.ts';

const MAILBOX = new URL('./mailbox-thread.ts', import.meta.url);
const NOTIFICATIONS = new URL('./notifications-thread.ts', import.meta.url);

/**
 * Starts the whole system on this machine, with nothing installed but Node: PostgreSQL, the
 * mailbox, all services. Prints where everything is, or one line that says why it cannot start.
 * @param home folder of the data
 */
export async function launch(home: string): Promise<void> {
  /** What was started, in the order in which it is stopped: the database last. */
  const stops: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const interrupted = new AbortController();

  /** Stops what has started so far, once. */
  function stop(): Promise<void> {
    interrupted.abort(new Error('stopped while it started'));
    stopping ??= (async () => {
      await starting.catch(() => {});
      for (const close of stops) await close();
    })();
    return stopping;
  }

  const starting = start(home, stops, interrupted.signal);
  stopOnSignal(stop, (line) => console.log(line));
  try {
    console.log(await starting);
  } catch (error) {
    // Who stops it says so.
    if (interrupted.signal.aborted) return;
    const expected = error instanceof DataInUseError || error instanceof ConfigError;
    console.error(expected ? error.message : `Orderbell cannot start: ${describeError(error)}`);
    await stop();
    process.exit(1);
  }
}

/**
 * @param interrupted ends it between two steps
 * @returns the text of the screen
 */
async function start(
  home: string,
  stops: (() => Promise<void>)[],
  interrupted: AbortSignal,
): Promise<string> {
  // Quieter than a service alone: this screen is read by a person.
  const { LOG_LEVEL: level } = loadConfig('npm start', RunSettings, {
    LOG_LEVEL: process.env.LOG_LEVEL || 'warn',
  });
  const log = createLog('start', level);
  const smtpUrl = process.env.SMTP_URL?.trim() || undefined;
  await mkdir(home, { recursive: true });
  const { secrets, fresh } = await loadSecrets(home);
  const notices: string[] = [];
  // Whoever orders must not wait while letters are made.
  const letters = openThread();
  stops.unshift(() => letters.end());
  const consoleReady = ensureConsole();
  // The services' code is read while the database starts.
  const [postgres, { DATABASES, OPERATOR_EMAIL, startSystem }, { NotificationsConfig }] =
    await Promise.all([
      startPostgres({ home, log, notice: (line) => notices.push(line) }).then((started) => {
        stops.unshift(() => started.stop());
        return started;
      }),
      import('./system.ts'),
      import('#services/notifications/service.ts'),
    ]);
  interrupted.throwIfAborted();
  // At the first start the databases take a second to make; identity's library loads meanwhile.
  import('better-auth').catch(() => {});
  const databaseUrls = new Map(
    await Promise.all(
      DATABASES.map(
        async (name) =>
          [name, await postgres.ensureDatabase(name, secrets.databasePassword)] as const,
      ),
    ),
  );
  interrupted.throwIfAborted();
  let mailbox: Mailbox | undefined;
  if (smtpUrl === undefined) {
    const file = join(home, 'mailbox.sqlite');
    mailbox = await letters.start<unknown, Mailbox>(MAILBOX, { file, level });
    stops.unshift(mailbox.close);
  }

  interrupted.throwIfAborted();
  const consoleNotice = await consoleReady;
  if (consoleNotice !== null) notices.push(consoleNotice);
  const system = await startSystem({
    databaseUrl: (name) => databaseUrls.get(name) as string,
    secrets,
    smtpUrl: smtpUrl ?? (mailbox?.smtpUrl as string),
    ...(mailbox !== undefined && { mailboxUrl: mailbox.httpUrl }),
    env: process.env,
    log: (service) => createLog(service, level),
    startService(name, env) {
      if (name !== 'notifications') return null;
      const config = loadConfig(name, NotificationsConfig, env);
      return letters.start(NOTIFICATIONS, { config, level });
    },
  });
  stops.unshift(() => system.close());
  const password = fresh ? secrets.operatorPassword : null;
  return screen({
    url: system.url,
    home,
    operator: OPERATOR_EMAIL,
    password,
    mailbox: mailbox === undefined ? 'letters go to SMTP_URL' : `${system.url}/mailbox`,
    notices,
  });
}

interface ScreenFacts {
  url: string;
  home: string;
  operator: string;
  /** Null when it was shown before. */
  password: string | null;
  mailbox: string;
  /** What is unusual about this start. */
  notices: string[];
}

function screen({ url, home, operator, password, mailbox, notices }: ScreenFacts): string {
  // Since the process began, the runtime's own start included.
  const seconds = (performance.now() / 1000).toFixed(1);
  const folder = relative(process.cwd(), home) || '.';
  const credentials =
    password === null
      ? `${operator}  (password in ${folder}/operator-password)`
      : `${operator}  ${password}  (kept in ${folder}/operator-password)`;
  return `
Orderbell is ready (${seconds} s). Ctrl-C stops it; the data stay in ${folder}.
${notices.map((line) => `${line}\n`).join('')}
  Console    ${url}/
  API        ${url}/v1
  API docs   ${url}/docs
  Mailbox    ${mailbox}
  Operator   ${credentials}

Your first order, in the console or by hand:

  API=${url}/v1; JSON='content-type: application/json'
  curl -s $API/registrations -H "$JSON" -d '{"email":"anna@example.com","password":"correct horse","name":"Анна"}'
  TOKEN=$(curl -s $API/sessions -H "$JSON" -d '{"email":"anna@example.com","password":"correct horse"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')
  curl -s $API/wallet/top-ups -H "$JSON" -H "authorization: Bearer $TOKEN" -d '{"amount":{"amount":100000,"currency":"RUB"}}'
  curl -s $API/orders -H "$JSON" -H "authorization: Bearer $TOKEN" -d '{"items":[{"name":"Книга","quantity":1,"unitPrice":{"amount":50000,"currency":"RUB"}}]}'
`;
}
