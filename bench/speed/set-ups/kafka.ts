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
import { AUDIENCE } from '#harness/issuer.ts';
import { listMails } from '#harness/oracle/mails.ts';
import { openOwnPostgres } from '#harness/system/own-postgres.ts';
import type { Closable, SetUp, SetUpOptions } from './set-up.ts';

/**
 * Starts a process for each service, an Apache Kafka and a mail server, each a process too.
 * @throws KafkaUnavailableError where this machine cannot run Kafka
 */
export async function startKafkaSetUp(options: SetUpOptions): Promise<SetUp> {
  const { folder, home, issuer, resources } = options;
  const jars = await ensureKafkaJars(home);
  await mkdir(folder, { recursive: true });
  const log = pino({ level: 'silent' });
  const mailboxFile = join(folder, 'mailbox.sqlite');
  const [{ superuserUrl, folder: data }, kafka, mailbox] = await Promise.all([
    resources.add(openOwnPostgres(folder, 'bench')),
    resources.add(
      startKafkaServer({ folder: join(folder, 'kafka'), jars, port: 0 }).then((server) => ({
        ...server,
        close: () => server.stop(),
      })),
    ),
    resources.add(startMailboxProcess(mailboxFile)),
  ]);
  const defer = (close: () => Promise<void>) => void resources.add({ close });
  const broker = await openKafkaTopic({ defer }, [kafka.address], kafka);
  const system = await resources.add(
    startSystem({
      databaseUrl: superuserUrl,
      secrets: createSecrets(),
      smtpUrl: mailbox.url,
      broker: broker.settings,
      env: { PORT: '0', OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE },
      log: () => log,
      startService: (name, env) => startServiceProcess(name, env),
    }),
  );
  return {
    url: system.url,
    sources: {
      databaseUrl: superuserUrl,
      broker,
      listMails: async () => listMails(mailboxFile),
    },
    superuserUrl,
    postgresPid: () => readPidFile(join(data, 'postgres'))?.pid ?? 0,
    mailboxFile,
  };
}

async function startMailboxProcess(file: string): Promise<Closable & { url: string }> {
  const child = forkModule(join(import.meta.dirname, 'mailbox-main.ts'), { FILE: file });
  const url = await nextMessage<string>(child, 'the mailbox');
  return { url, close: () => endProcess(child, 'SIGTERM') };
}
