import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createBatcher } from '#platform/async/batcher.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { listen } from '#platform/http/server.ts';
import { createMailApi } from './api.ts';
import { MailboxSettings } from './settings.ts';
import { createSmtpServer, type StoreMail, smtpError } from './smtp.ts';
import { type MailStore, openMailStore, type ReceivedMail } from './store.ts';

export interface MailboxOptions {
  /** SQLite file; created with its folder where missing. */
  file: string;
  /** 0 takes any free port. */
  smtpPort: number;
  httpPort: number;
  log: Logger;
  /** Its bounds; the defaults where absent. */
  settings?: Partial<MailboxSettings>;
}

export interface Mailbox {
  smtpUrl: string;
  /** Without a path; the messages are under `/mailbox/messages`. */
  httpUrl: string;
  close(): Promise<void>;
}

// More mails than one turn of the event loop brings.
const BATCH_MAX = 64;

/**
 * Starts the SMTP server of the default set-up, which stores all mail and delivers none, and the
 * API by which the console reads it. Both listen on 127.0.0.1 only, without a password. Mail to
 * `refuse@…` always fails permanently, mail to `busy@…` temporarily.
 */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const settings = { ...loadConfig('the mailbox', MailboxSettings, {}), ...options.settings };
  const store = openMailStore(options.file, {
    messagesMax: settings.MAILBOX_MESSAGES_MAX,
    bytesMax: settings.MAILBOX_BYTES_MAX,
  });
  const storeMail = createStoreMail(store, settings.MAILBOX_CONNECTIONS_MAX, options.log);
  const smtp = createSmtpServer(storeMail, settings, options.log);
  const http = createMailApi(store, options.log);
  const closeSmtp = () => new Promise<void>((resolve) => smtp.close(() => resolve()));
  try {
    const listening = smtp.listen(options.smtpPort, '127.0.0.1');
    await once(listening, 'listening');
    const httpUrl = await listen(http, '127.0.0.1', options.httpPort);
    return {
      smtpUrl: `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`,
      httpUrl,
      async close() {
        await Promise.all([closeSmtp(), http.close()]);
        // Mail of the last turn is stored first.
        await nextTurn();
        store.close();
      },
    };
  } catch (error) {
    // A port is in use: close everything that is open.
    await closeSmtp();
    await http.close();
    store.close();
    throw error;
  }
}

/** Stores the mail of one turn of the event loop in one commit: a commit costs more than a row. */
function createStoreMail(store: MailStore, connectionsMax: number, log: Logger): StoreMail {
  return createBatcher({
    async run(mails: ReceivedMail[]) {
      try {
        store.add(mails);
      } catch (error) {
        log.error({ err: error }, 'mailbox could not keep messages');
        throw smtpError(451, '4.3.0 could not be stored');
      }
      return mails.map(() => undefined);
    },
    batchMax: BATCH_MAX,
    waitingMax: 2 * connectionsMax,
  });
}
