import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';
import { createConnectionLimit } from './connection-limit.ts';
import type { MailboxSettings } from './settings.ts';
import type { ReceivedMail } from './store.ts';

export type StoreMail = (mail: ReceivedMail) => Promise<void>;

const RECIPIENTS_MAX = 10;
// Local parts that always fail, so that failed letters and their attempts can be tried out.
const REFUSED = new Map([
  ['refuse', { responseCode: 550, text: '5.1.1 no such mailbox' }],
  ['busy', { responseCode: 450, text: '4.2.1 mailbox busy, try again later' }],
]);
// Longer than the mailer keeps an idle connection, so that the mailer closes it.
const CLIENT_IDLE_MS = 60_000;
const CLIENT_CLOSE_MS = 500;
// Against senders that never end a message. The mailer waits for seconds at most before the dot.
const DATA_TIMEOUT_MS = 60_000;
// Each chunk costs memory of its own, and a sender may send single bytes.
const CHUNKS_MAX = 4_096;

export function smtpError(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

export function createSmtpServer(
  storeMail: StoreMail,
  settings: MailboxSettings,
  log: Logger,
): SMTPServer {
  const messageBytesMax = settings.MAILBOX_MESSAGE_BYTES_MAX;
  const connections = createConnectionLimit(settings.MAILBOX_CONNECTIONS_MAX);
  const server = new SMTPServer({
    name: 'mailbox.localhost',
    logger: false,
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: messageBytesMax,
    // Ours ends the longest idle one first; this one would refuse the mailer instead.
    maxClients: 2 * settings.MAILBOX_CONNECTIONS_MAX,
    socketTimeout: CLIENT_IDLE_MS,
    closeTimeout: CLIENT_CLOSE_MS,
    // Synchronous, unlike the default: see `joinReplies`.
    onMailFrom: (_address, _session, done) => done(),
    onRcptTo({ address }, session, done) {
      done(refusalOf(address, session.envelope.rcptTo.length));
    },
    onData(stream, session, done) {
      const { remotePort } = session;
      collect(stream, { messageBytesMax, giveUp: () => connections.end(remotePort) })
        .then((raw) => {
          const { mailFrom, rcptTo } = session.envelope;
          const envelope = {
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
          };
          return storeMail({ receivedAt: new Date().toISOString(), envelope, raw });
        })
        .then(() => {
          connections.delivered(remotePort);
          done(null, '2.0.0 kept in the mailbox');
        }, done);
    },
  });
  server.server.on('connection', (socket) => {
    if (connections.add(socket)) joinReplies(socket);
  });
  // Lost clients are reported here; without a listener they would end the process.
  server.on('error', (error) => log.debug({ err: error }, 'mailbox connection failed'));
  return server;
}

/**
 * The bytes of a message.
 * @param giveUp ends the connection of a sender that does not end the message
 * @throws Error for the sender when it is too large
 */
function collect(
  stream: SMTPServerDataStream,
  { messageBytesMax, giveUp }: { messageBytesMax: number; giveUp: () => void },
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const timer = setTimeout(giveUp, DATA_TIMEOUT_MS);
  let chunks: Buffer[] = [];
  let excess = 0;
  stream.on('data', (chunk: Buffer) => {
    if (stream.sizeExceeded) {
      chunks = [];
      // Reads a while for the sender to see the refusal, which comes after the message.
      excess += chunk.length;
      if (excess > messageBytesMax) giveUp();
      return;
    }
    chunks.push(chunk);
    if (chunks.length > CHUNKS_MAX) chunks = [Buffer.concat(chunks)];
  });
  stream.on('error', reject);
  stream.on('close', () => {
    clearTimeout(timer);
    reject(new Error('the sender has gone'));
  });
  stream.on('end', () => {
    clearTimeout(timer);
    if (stream.sizeExceeded) reject(smtpError(552, '5.3.4 message too large'));
    else resolve(Buffer.concat(chunks));
  });
  return promise;
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
