import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from 'pino';
import { SMTPServer } from 'smtp-server';
import { AppError, commonProblems } from '#platform/errors.ts';
import { createHttpServer, type HttpServer, listen } from '#platform/http/server.ts';
import {
  type MailPage,
  type MailStore,
  type MailSummary,
  openMailStore,
  type ReceivedMail,
  readHeaders,
} from './store.ts';

export interface MailboxOptions {
  /** SQLite file; made with its folder where needed. */
  file: string;
  /** 0 takes any free port. */
  smtpPort: number;
  httpPort: number;
  log: Logger;
  /** The oldest messages beyond this number are removed. */
  messagesMax?: number;
}

export interface Mailbox {
  smtpUrl: string;
  /** Without a path; the messages are under `/mailbox/messages`. */
  httpUrl: string;
  close(): Promise<void>;
}

// 5 KB each, so about 5 GB at the most.
const MESSAGES_MAX = 1_000_000;
const MESSAGE_BYTES_MAX = 1024 * 1024;
const RECIPIENTS_MAX = 10;
// Local parts that are never delivered to, so that failing letters and their tries can be watched.
const REFUSED = new Map([
  ['refuse', { responseCode: 550, text: '5.1.1 no such mailbox' }],
  ['busy', { responseCode: 450, text: '4.2.1 mailbox busy, try again later' }],
]);
const CLIENTS_MAX = 64;
// Longer than the mailer keeps an idle connection, so that the mailer ends it.
const CLIENT_IDLE_MS = 60_000;
const CLIENT_CLOSE_MS = 500;
const PAGE_DEFAULT = 50;
const PAGE_MAX = 100;
const SEARCH_CHARACTERS_MAX = 200;

/** A letter is never a page, whatever opens it: nothing of it runs, nothing is fetched. */
const POLICY = [
  "default-src 'none'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Starts the SMTP server of the default set-up, which delivers nothing and keeps everything, and
 * an API that reads it for the console. Both listen on 127.0.0.1 only and ask for no password. Mail
 * to `refuse@…` is refused for good, mail to `busy@…` for the moment, every time.
 */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const store = openMailStore(options.file, options.messagesMax ?? MESSAGES_MAX);
  const writer = createBatchWriter(store, options.log);
  const smtp = createSmtpServer(writer, options.log);
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
        writer.flush();
        store.close();
      },
    };
  } catch (error) {
    // A port is taken: leave nothing half open behind.
    await closeSmtp();
    await http.close();
    store.close();
    throw error;
  }
}

interface BatchWriter {
  /** `done` is called after the commit, or with its error. */
  add(mail: ReceivedMail, done: (error?: Error) => void): void;
  flush(): void;
}

/** Commits what arrived in one turn of the event loop together: a commit costs more than a row. */
function createBatchWriter(store: MailStore, log: Logger): BatchWriter {
  let queue: { mail: ReceivedMail; done: (error?: Error) => void }[] = [];
  function flush(): void {
    const batch = queue;
    queue = [];
    if (batch.length === 0) return;
    let fault: Error | undefined;
    try {
      store.add(batch.map(({ mail }) => mail));
    } catch (error) {
      log.error({ err: error }, 'mailbox could not keep messages');
      fault = Object.assign(new Error('4.3.0 could not be stored'), { responseCode: 451 });
    }
    for (const { done } of batch) done(fault);
  }
  return {
    add(mail, done) {
      if (queue.push({ mail, done }) === 1) setImmediate(flush);
    },
    flush,
  };
}

function createSmtpServer(writer: BatchWriter, log: Logger): SMTPServer {
  const server = new SMTPServer({
    name: 'mailbox.localhost',
    logger: false,
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: MESSAGE_BYTES_MAX,
    maxClients: CLIENTS_MAX,
    socketTimeout: CLIENT_IDLE_MS,
    closeTimeout: CLIENT_CLOSE_MS,
    // At once, and not in a later turn as by default: see `joinReplies`.
    onMailFrom: (_address, _session, done) => done(),
    onRcptTo({ address }, session, done) {
      const { responseCode, text } = refusalOf(address, session.envelope.rcptTo.length) ?? {};
      if (responseCode === undefined) done();
      else done(Object.assign(new Error(text), { responseCode }));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        if (stream.sizeExceeded) chunks.length = 0;
        else chunks.push(chunk);
      });
      stream.on('error', done);
      stream.on('end', () => {
        if (stream.sizeExceeded) {
          done(Object.assign(new Error('5.3.4 message too large'), { responseCode: 552 }));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        const envelope = {
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
        };
        const receivedAt = new Date().toISOString();
        writer.add({ receivedAt, envelope, raw: Buffer.concat(chunks) }, (error) =>
          error ? done(error) : done(null, '2.0.0 kept in the mailbox'),
        );
      });
    },
  });
  server.server.on('connection', joinReplies);
  // Clients that vanish are reported here; without a listener they would end the process.
  server.on('error', (error) => log.debug({ err: error }, 'mailbox connection failed'));
  return server;
}

/** Why a recipient is not taken, by RFC 5321 and RFC 3463; null when it is. */
function refusalOf(address: string, before: number): { responseCode: number; text: string } | null {
  if (before >= RECIPIENTS_MAX) return { responseCode: 452, text: '4.5.3 too many recipients' };
  return REFUSED.get(address.slice(0, address.lastIndexOf('@')).toLowerCase()) ?? null;
}

/** Commands that came together are answered in one write; each costs as much as the parsing. */
function joinReplies(socket: Socket): void {
  socket.prependListener('data', () => {
    socket.cork();
    process.nextTick(() => socket.uncork());
  });
}

function createMailApi(store: MailStore, log: Logger): HttpServer {
  const app = createHttpServer({ log });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    // A web page may point its own host name at 127.0.0.1 (DNS rebinding) and read along.
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(request.hostname)) {
      throw new AppError(commonProblems.forbidden, 'unknown host name');
    }
  });

  app.get('/mailbox/messages', (request) =>
    listMail(store, readQuery(request.query, ['limit', 'before', 'search'])),
  );
  app.get<{ Params: { id: string } }>('/mailbox/messages/:id', async (request) => {
    const mail = getMail(store, request.params.id);
    return { ...(await readDetails(mail)), source: mail.raw.toString('utf8') };
  });
  app.get<{ Params: { id: string } }>('/mailbox/messages/:id/source', (request, reply) =>
    reply.type('text/plain; charset=utf-8').send(getMail(store, request.params.id).raw),
  );
  return app;
}

/** One message with all its parts. */
interface MailDetails extends MailSummary {
  text: string | null;
  html: string | null;
  headers: { name: string; value: string }[];
}

type KeptMail = NonNullable<ReturnType<MailStore['find']>>;

async function readDetails({ raw, ...summary }: KeptMail): Promise<MailDetails> {
  // Only for who looks at a message: with all its character sets it takes much memory.
  const { simpleParser } = await import('mailparser');
  const parsed = await simpleParser(raw, {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipImageLinks: true,
  });
  return {
    ...summary,
    text: parsed.text ?? null,
    html: parsed.html || null,
    headers: readHeaders(raw),
  };
}

function listMail(store: MailStore, query: Record<string, string>): MailPage {
  return store.list({
    limit: query.limit === undefined ? PAGE_DEFAULT : readNumber('limit', query.limit, PAGE_MAX),
    ...(query.before !== undefined && { before: readNumber('before', query.before) }),
    ...(query.search && { search: query.search }),
  });
}

function getMail(store: MailStore, id: string): KeptMail {
  const mail = store.find(readNumber('id', id));
  if (mail === undefined) throw new AppError(commonProblems.notFound, 'no such message');
  return mail;
}

/** Refuses unknown, repeated and over-long parameters. */
function readQuery(query: unknown, allowed: string[]): Record<string, string> {
  const entries = Object.entries(query as Record<string, unknown>);
  for (const [name, value] of entries) {
    const fits = typeof value === 'string' && value.length <= SEARCH_CHARACTERS_MAX;
    if (!allowed.includes(name))
      throw invalid(name.slice(0, SEARCH_CHARACTERS_MAX), 'additionalProperties');
    if (!fits) throw invalid(name, 'maxLength', String(SEARCH_CHARACTERS_MAX));
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function readNumber(name: string, text: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw invalid(name, 'type', `integer 1..${max}`);
}

function invalid(parameter: string, rule: string, expected?: string): AppError {
  const fault = { parameter, rule, ...(expected !== undefined && { expected }) };
  return new AppError(commonProblems.invalidRequest, `invalid ${parameter}`, {
    violations: [fault],
  });
}
