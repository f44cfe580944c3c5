import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { readPidFile } from '#dev/files/process.ts';
import { ensureKafkaJars } from '#dev/kafka/jars.ts';
import { startKafkaServer } from '#dev/kafka/server.ts';
import { startPostgres } from '#dev/postgres/postgres.ts';
import { createSecrets } from '#dev/system/secrets.ts';
import { startServiceProcess } from '#dev/system/service-process.ts';
import { DATABASES, startSystem } from '#dev/system/system.ts';
import { listMails } from '#harness/books/mails.ts';
import { openKafkaTopic } from '#harness/broker/kafka-topic.ts';
import type { Issuer } from './issuer.ts';
import { type Closable, createOpenings, type Openings } from './openings.ts';
import type { SetUp } from './set-up.ts';

const FOLLOW_PARENT = new URL('../../../dev/system/exit-with-parent.ts', import.meta.url).href;

/**
 * Starts a process for each service, an Apache Kafka and a mail server, each a process too.
 * @param folder of all data; made here
 * @param home folder with what is fetched once, such as the jars of Kafka
 * @throws KafkaUnavailableError where this machine cannot run Kafka
 */
export async function startKafkaSetUp(
  folder: string,
  home: string,
  issuer: Issuer,
): Promise<SetUp> {
  const jars = await ensureKafkaJars(home);
  await mkdir(folder, { recursive: true });
  const openings = createOpenings();
  const close = () => openings.closeAll(console.error);
  try {
    return { ...(await startAll({ folder, jars, issuer, openings })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Given {
  folder: string;
  jars: string;
  issuer: Issuer;
  openings: Openings;
}

async function startAll({ folder, jars, issuer, openings }: Given): Promise<Omit<SetUp, 'close'>> {
  const log = pino({ level: 'silent' });
  const mailboxFile = join(folder, 'mailbox.sqlite');
  const [postgres, kafka, mailbox] = await Promise.all([
    openings.add(startDatabaseServer(folder)),
    openings.add(
      startKafkaServer({ folder: join(folder, 'kafka'), jars, port: 0 }).then((server) => ({
        ...server,
        close: () => server.stop(),
      })),
    ),
    openings.add(startMailboxProcess(mailboxFile)),
  ]);
  const closables: Closable[] = [];
  const broker = await openKafkaTopic(closables, [kafka.address], kafka);
  for (const each of closables) await openings.add(Promise.resolve(each));
  const system = await openings.add(
    startSystem({
      databaseUrl: postgres.superuserUrl,
      secrets: createSecrets(),
      smtpUrl: mailbox.url,
      broker: broker.settings,
      env: { PORT: '0', OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: issuer.audience },
      log: () => log,
      startService: (name, env) => startServiceProcess(name, env),
    }),
  );
  const data = join(postgres.folder, 'postgres');
  return {
    url: system.url,
    places: {
      databaseUrl: postgres.superuserUrl,
      broker,
      listMails: async () => listMails(mailboxFile),
    },
    superuserUrl: postgres.superuserUrl,
    postgresPid: () => readPidFile(data)?.pid ?? 0,
    mailboxFile,
  };
}

async function startDatabaseServer(folder: string) {
  const postgres = await startPostgres({ home: folder, log: pino({ level: 'silent' }) });
  await Promise.all(DATABASES.map((name) => postgres.ensureDatabase(name, 'bench')));
  return {
    ...postgres,
    async close() {
      await postgres.stop();
      // For root it may lie elsewhere than in the folder of all.
      await rm(postgres.folder, { recursive: true, force: true });
    },
  };
}

async function startMailboxProcess(file: string): Promise<Closable & { url: string }> {
  const child = fork(join(import.meta.dirname, 'mailbox-main.ts'), {
    execArgv: [`--import=${FOLLOW_PARENT}`],
    env: { ...process.env, FILE: file },
  });
  const ended = once(child, 'exit');
  const [url] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  if (typeof url !== 'string') throw new Error('the mailbox ended before it listened');
  return {
    url,
    async close() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
