import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { SMTPServer } from 'smtp-server';
import { createBatcher } from '#platform/async/batcher.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { createHttpServer, type HttpServer, listen } from '#platform/http/server.ts';
import { readHeaders } from './headers.ts';
import {
  type MailPage,
  type MailStore,
  type MailSummary,
  openMailStore,
  type ReceivedMail,
} from './store.ts';

export interface MailboxOptions {
  /** SQLite file; created with its folder where missing. */
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

// About 5 KB each, 5 GB in all.
const MESSAGES_MAX = 1_000_000;
const MESSAGE_BYTES_MAX = 1024 * 1024;
const RECIPIENTS_MAX = 10;
// Local parts that always fail, so that failed letters and their attempts can be tried out.
const REFUSED = new Map([
  ['refuse', { responseCode: 550, text: '5.1.1 no such mailbox' }],
  ['busy', { responseCode: 450, text: '4.2.1 mailbox busy, try again later' }],
]);
const CLIENTS_MAX = 64;
// Longer than the mailer keeps an idle connection, so that the mailer closes it.
const CLIENT_IDLE_MS = 60_000;
const CLIENT_CLOSE_MS = 500;
const PAGE_DEFAULT = 50;
const PAGE_MAX = 100;
const SEARCH_CHARACTERS_MAX = 200;

/** Nothing of a letter is ever run or fetched, even when a browser opens it. */
const POLICY = [
  "default-src 'none'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Starts the SMTP server of the default set-up, which stores all mail and delivers none, and the
 * API by which the console reads it. Both listen on 127.0.0.1 only, without a password. Mail to
 * `refuse@…` always fails permanently, mail to `busy@…` temporarily.
 */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const store = openMailStore(options.file, options.messagesMax ?? MESSAGES_MAX);
  const smtp = createSmtpServer(createStoreMail(store, options.log), options.log);
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

type StoreMail = (mail: ReceivedMail) => Promise<void>;

/** Stores the mail of one turn of the event loop in one commit: a commit costs more than a row. */
function createStoreMail(store: MailStore, log: Logger): StoreMail {
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
    batchMax: CLIENTS_MAX,
    waitingMax: CLIENTS_MAX,
    coalescePerTick: true,
  });
}

function smtpError(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

function createSmtpServer(storeMail: StoreMail, log: Logger): SMTPServer {
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
    // Synchronous, unlike the default: see `joinReplies`.
    onMailFrom: (_address, _session, done) => done(),
    onRcptTo({ address }, session, done) {
      done(refusalOf(address, session.envelope.rcptTo.length));
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
          done(smtpError(552, '5.3.4 message too large'));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        const envelope = {
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
        };
        const receivedAt = new Date().toISOString();
        storeMail({ receivedAt, envelope, raw: Buffer.concat(chunks) }).then(
          () => done(null, '2.0.0 kept in the mailbox'),
          done,
        );
      });
    },
  });
  server.server.on('connection', joinReplies);
  // Lost clients are reported here; without a listener they would end the process.
  server.on('error', (error) => log.debug({ err: error }, 'mailbox connection failed'));
  return server;
}

/** Why a recipient is refused, by RFC 5321 and RFC 3463; null when it is accepted. */
function refusalOf(address: string, before: number): Error | null {
  if (before >= RECIPIENTS_MAX) return smtpError(452, '4.5.3 too many recipients');
  const refused = REFUSED.get(address.slice(0, address.lastIndexOf('@')).toLowerCase());
  return refused === undefined ? null : smtpError(refused.responseCode, refused.text);
}

/** Answers pipelined commands in one write: each write costs as much as the parsing. */
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
    // DNS rebinding: a web page may resolve its own host name to 127.0.0.1 and read the mail.
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
  app.post('/mailbox/erasures', (request) => ({
    erased: store.erase(readAddresses(request.body)),
  }));
  return app;
}

const ADDRESSES_MAX = 1_000;

/** The addresses whose mails are to be deleted. */
function readAddresses(body: unknown): string[] {
  const { addresses } = (body ?? {}) as { addresses?: unknown };
  const fit =
    Array.isArray(addresses) &&
    addresses.length <= ADDRESSES_MAX &&
    addresses.every((address) => typeof address === 'string');
  if (fit) return addresses as string[];
  throw new AppError(commonProblems.invalidRequest, 'no list of addresses', {
    violations: [{ pointer: '/addresses', rule: 'type', expected: 'array of strings' }],
  });
}

interface MailDetails extends MailSummary {
  text: string | null;
  html: string | null;
  headers: { name: string; value: string }[];
}

type KeptMail = NonNullable<ReturnType<MailStore['find']>>;

async function readDetails({ raw, ...summary }: KeptMail): Promise<MailDetails> {
  // Loaded on demand: its character sets need much memory.
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
  const violation = { parameter, rule, ...(expected !== undefined && { expected }) };
  return new AppError(commonProblems.invalidRequest, `invalid ${parameter}`, {
    violations: [violation],
  });
}
