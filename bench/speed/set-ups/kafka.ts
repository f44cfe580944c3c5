import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { readPidFile } from '#dev/files/process.ts';
import { ensureKafkaJars } from '#dev/kafka/jars.ts';
import { startKafkaServer } from '#dev/kafka/server.ts';
import { createSecrets } from '#dev/system/secrets.ts';
import { startServiceProcess } from '#dev/system/service-process.ts';
import { startSystem } from '#dev/system/system.ts';
import { openKafkaTopic } from '#harness/broker/kafka-topic.ts';
import { endProcess, forkModule, nextMessage } from '#harness/child-process.ts';
import { AUDIENCE, type TestIssuer } from '#harness/issuer.ts';
import { listMails } from '#harness/oracle/mails.ts';
import { openOwnPostgres } from '#harness/system/own-postgres.ts';
import { type Closable, createResources, type Resources } from './resources.ts';
import type { SetUp } from './set-up.ts';

/**
 * Starts a process for each service, an Apache Kafka and a mail server, each a process too.
 * @param folder of all data; made here
 * @param home folder with what is fetched once, such as the jars of Kafka
 * @throws KafkaUnavailableError where this machine cannot run Kafka
 */
export async function startKafkaSetUp(
  folder: string,
  home: string,
  issuer: TestIssuer,
): Promise<SetUp> {
  const jars = await ensureKafkaJars(home);
  await mkdir(folder, { recursive: true });
  const resources = createResources();
  const close = () => resources.closeAll(console.error);
  try {
    return { ...(await startAll({ folder, jars, issuer, resources })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Given {
  folder: string;
  jars: string;
  issuer: TestIssuer;
  resources: Resources;
}

async function startAll({ folder, jars, issuer, resources }: Given): Promise<Omit<SetUp, 'close'>> {
  const log = pino({ level: 'silent' });
  const mailboxFile = join(folder, 'mailbox.sqlite');
  const [postgres, kafka, mailbox] = await Promise.all([
    resources.add(openOwnPostgres(folder, 'bench')),
    resources.add(
      startKafkaServer({ folder: join(folder, 'kafka'), jars, port: 0 }).then((server) => ({
        ...server,
        close: () => server.stop(),
      })),
    ),
    resources.add(startMailboxProcess(mailboxFile)),
  ]);
  const closables: Closable[] = [];
  const broker = await openKafkaTopic(closables, [kafka.address], kafka);
  for (const each of closables) await resources.add(Promise.resolve(each));
  const system = await resources.add(
    startSystem({
      databaseUrl: postgres.superuserUrl,
      secrets: createSecrets(),
      smtpUrl: mailbox.url,
      broker: broker.settings,
      env: { PORT: '0', OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE },
      log: () => log,
      startService: (name, env) => startServiceProcess(name, env),
    }),
  );
  const data = join(postgres.folder, 'postgres');
  return {
    url: system.url,
    sources: {
      databaseUrl: postgres.superuserUrl,
      broker,
      listMails: async () => listMails(mailboxFile),
    },
    superuserUrl: postgres.superuserUrl,
    postgresPid: () => readPidFile(data)?.pid ?? 0,
    mailboxFile,
  };
}

async function startMailboxProcess(file: string): Promise<Closable & { url: string }> {
  const child = forkModule(join(import.meta.dirname, 'mailbox-main.ts'), { FILE: file });
  const url = await nextMessage<string>(child, 'the mailbox');
  return { url, close: () => endProcess(child, 'SIGTERM') };
}
