import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ConfigError } from '#platform/config.ts';
import { describeError } from '#platform/errors.ts';
import { createLog } from '#platform/log.ts';
import { stopOnSignal } from '#platform/run.ts';
import { DataInUseError, startPostgres } from './postgres.ts';
import { loadSecrets } from './secrets.ts';

const log = createLog('start', process.env.LOG_LEVEL ?? 'warn');

/**
 * Starts the whole system on this machine, with nothing installed but Node: PostgreSQL, the
 * mailbox, all services. Prints where everything is, or one line that says why it cannot start.
 * @param home folder of the data
 */
export async function launch(home: string): Promise<void> {
  /** What was started, in the order in which it is stopped: the database last. */
  const stops: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;

  /** Stops what has started so far, once. */
  function stop(): Promise<void> {
    stopping ??= (async () => {
      await starting.catch(() => {});
      for (const close of stops) await close();
    })();
    return stopping;
  }

  const starting = start(home, stops);
  stopOnSignal(stop, (line) => console.log(line));
  try {
    console.log(await starting);
  } catch (error) {
    const expected = error instanceof DataInUseError || error instanceof ConfigError;
    console.error(expected ? error.message : `Orderbell cannot start: ${describeError(error)}`);
    if (!expected) log.debug({ err: error }, 'start failed');
    await stop();
    process.exit(1);
  }
}

/** @returns the text of the screen */
async function start(home: string, stops: (() => Promise<void>)[]): Promise<string> {
  await mkdir(home, { recursive: true });
  const { secrets, fresh } = await loadSecrets(home);
  const notices: string[] = [];
  // The services' code is read while the database starts.
  const [postgres, { DATABASES, OPERATOR_EMAIL, startSystem }, { startMailbox }] =
    await Promise.all([
      startPostgres({ home, log, notice: (line) => notices.push(line) }).then((started) => {
        stops.unshift(() => started.stop());
        return started;
      }),
      import('./system.ts'),
      import('./mailbox.ts'),
    ]);
  // At the first start the databases take a second to make; identity's library loads meanwhile.
  void import('better-auth');
  const databaseUrls = new Map(
    await Promise.all(
      DATABASES.map(
        async (name) =>
          [name, await postgres.ensureDatabase(name, secrets.databasePassword)] as const,
      ),
    ),
  );
  const external = process.env.SMTP_URL !== undefined;
  const mailbox = external
    ? undefined
    : await startMailbox({ file: join(home, 'mailbox.sqlite'), smtpPort: 0, httpPort: 0, log });
  if (mailbox !== undefined) stops.unshift(() => mailbox.close());

  const system = await startSystem({
    databaseUrl: (name) => databaseUrls.get(name) as string,
    secrets,
    smtpUrl: mailbox?.smtpUrl ?? (process.env.SMTP_URL as string),
    ...(mailbox !== undefined && { mailboxUrl: mailbox.httpUrl }),
    env: process.env,
    log: (service) => createLog(service, process.env.LOG_LEVEL ?? 'warn'),
  });
  stops.unshift(() => system.close());
  const password = fresh ? secrets.operatorPassword : null;
  return screen({ url: system.url, home, operator: OPERATOR_EMAIL, password, notices });
}

interface ScreenFacts {
  url: string;
  home: string;
  operator: string;
  /** Null when it was shown before. */
  password: string | null;
  /** What is unusual about this start. */
  notices: string[];
}

function screen({ url, home, operator, password, notices }: ScreenFacts): string {
  // Since the process began, the runtime's own start included.
  const seconds = (performance.now() / 1000).toFixed(1);
  const folder = relative(process.cwd(), home) || '.';
  const credentials =
    password === null
      ? `${operator}  (password in ${folder}/operator-password)`
      : `${operator}  ${password}  (kept in ${folder}/operator-password)`;
  const mailbox = process.env.SMTP_URL === undefined ? `${url}/mailbox` : 'letters go to SMTP_URL';
  return `
Orderbell is ready (${seconds} s). Ctrl-C stops it; the data stay in ${folder}.
${notices.map((line) => `${line}\n`).join('')}
  API        ${url}/v1
  API docs   ${url}/docs
  Mailbox    ${mailbox}
  Operator   ${credentials}

Your first order:

  API=${url}/v1; JSON='content-type: application/json'
  curl -s $API/registrations -H "$JSON" -d '{"email":"anna@example.com","password":"correct horse","name":"Анна"}'
  TOKEN=$(curl -s $API/sessions -H "$JSON" -d '{"email":"anna@example.com","password":"correct horse"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')
  curl -s $API/wallet/top-ups -H "$JSON" -H "authorization: Bearer $TOKEN" -d '{"amount":{"amount":100000,"currency":"RUB"}}'
  curl -s $API/orders -H "$JSON" -H "authorization: Bearer $TOKEN" -d '{"items":[{"name":"Книга","quantity":1,"unitPrice":{"amount":50000,"currency":"RUB"}}]}'
`;
}
