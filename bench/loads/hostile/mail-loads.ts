import { setTimeout as delay } from 'node:timers/promises';
import type { HostileContext, HostileLoad } from './context.ts';
import { oneByOne, openSocket, requestText, times } from './sockets.ts';

const SENDERS = 8;
const READERS = 4;
const SMTP_CONNECTIONS = 500;
const ENDLESS = 16;
const MESSAGE_BYTES = 900_000;

const HEAD = 'From: evil@example.com\r\nTo: anna@example.com\r\nSubject: hostile\r\n';

/** Fills a message with a text. */
const fill = (text: string) => text.repeat(Math.floor(MESSAGE_BYTES / text.length));

function nested(): string {
  const levels = Array.from(
    { length: 1_000 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  );
  return `${HEAD}${levels.join('')}\r\nx`;
}

/** Messages that are hard to parse, by what is hard. */
export const HOSTILE_MAILS: Record<string, () => string> = {
  'nested 1,000 deep': nested,
  '20,000 parts': () =>
    `${HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(20_000)}`,
  'mails in mails': () => `${HEAD}${'Content-Type: message/rfc822\r\n\r\n'.repeat(1_000)}\r\nx`,
  'one header of 900 KB': () => `${HEAD}X-Long: ${fill('a')}\r\n\r\nx`,
  '100,000 headers': () => `${HEAD}${fill('X: a\r\n')}\r\nx`,
  'thousands of addresses': () => `${HEAD}Cc: ${fill('a@b.example, ')}\r\n\r\nx`,
  'thousands of encoded words': () => `${HEAD}X: ${fill('=?utf-8?B?YQ==?= ')}\r\n\r\nx`,
  'a text of line breaks': () => `${HEAD}\r\n${fill('\r\n')}`,
  'no header at all': () => fill('a\r\n'),
};

/** Sends messages in one session, each after the answer to the one before. */
async function send(context: HostileContext, port: number, next: () => string): Promise<void> {
  while (!context.over.aborted) {
    let onCode = (_code: string) => {};
    let received = '';
    const socket = openSocket(context, {
      port,
      onText(text) {
        received += text;
        for (const [, code] of received.matchAll(/^(\d{3}) .*\r\n/gm)) onCode(code as string);
        received = received.slice(received.lastIndexOf('\n') + 1);
      },
    });
    const answer = () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      onCode = resolve;
      socket.once('close', () => resolve(''));
      context.over.addEventListener('abort', () => resolve(''), { once: true });
      return promise;
    };
    const ask = (line: string) => {
      const answered = answer();
      socket.write(`${line}\r\n`, 'latin1');
      return answered;
    };
    await answer();
    await ask('EHLO evil.example');
    while (!context.over.aborted && !socket.destroyed) {
      await ask('MAIL FROM:<evil@example.com>');
      await ask('RCPT TO:<anna@example.com>');
      if ((await ask('DATA')) !== '354') break;
      const code = await ask(`${next()}\r\n.`);
      context.tally.add(code === '' ? 'no answer to a mail' : `SMTP ${code}`);
    }
    await delay(100);
  }
}

const mails: HostileLoad = {
  name: 'mails',
  title: `${SENDERS} senders of hostile mails, ${READERS} readers of the mailbox`,
  prepare: async (context) => {
    const { smtpPort } = context;
    const texts = Object.values(HOSTILE_MAILS).map((make) => make());
    let turn = 0;
    const next = () => texts[turn++ % texts.length] as string;
    let read = 0;
    const paths = ['', '/source'];
    const nextRead = () => {
      read += 1;
      const id = 1 + (read % Math.max(1, turn));
      const path = `/mailbox/messages/${id}${paths[read % 2]}`;
      return requestText(context, { method: 'GET', path });
    };
    return async () => {
      await Promise.all([
        ...(smtpPort === undefined ? [] : [times(SENDERS, () => send(context, smtpPort, next))]),
        times(READERS, () => oneByOne(context, nextRead)),
      ]);
    };
  },
};

const smtpConnections: HostileLoad = {
  name: 'smtp-connections',
  title: `${SMTP_CONNECTIONS} silent SMTP connections, ${ENDLESS} mails without an end`,
  prepare: async (context) => async () => {
    const { smtpPort } = context;
    if (smtpPort === undefined) return;
    const endless = () => send(context, smtpPort, () => fill('a\r\n').repeat(50));
    const silent = async () => {
      for (let opened = 0; opened < SMTP_CONNECTIONS && !context.over.aborted; opened++) {
        openSocket(context, { port: smtpPort });
        if (opened % 50 === 49) await delay(50);
      }
    };
    await Promise.all([silent(), times(ENDLESS, endless)]);
  },
};

export const MAIL_LOADS: HostileLoad[] = [mails, smtpConnections];
