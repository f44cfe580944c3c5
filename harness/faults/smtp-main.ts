import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { textOfMail } from '../oracle/mail-text.ts';
import type { Mail } from '../oracle/stored-state.ts';
import { createRandom } from '../random.ts';
import { openSmtpServer, type SmtpStep } from './smtp-server.ts';

// The test mail server as a process, so that it can be killed. It writes each accepted message to
// FILE, one line each, before it answers the client. Its parent chooses its mode and the next steps.

/** How the server treats messages, from now on. */
export type SmtpOrder = { mode: 'reliable' | 'flaky' } | { next: SmtpStep[] };

const { PORT = '0', FILE = '', SEED = '' } = process.env;
const random = createRandom(SEED);
const next: SmtpStep[] = [];
let mode: 'reliable' | 'flaky' = 'reliable';

const server = await openSmtpServer({
  port: Number(PORT),
  // As a real server does. Without a timeout, all of a sender's few connections would soon hang.
  hangMs: 3_000,
  choose: () => next.shift() ?? (mode === 'flaky' ? flakyStep() : undefined),
  onMessage({ to, raw }) {
    const latin1 = raw.toString('latin1');
    const messageId = /^message-id: *(\S+)/im.exec(latin1)?.[1] ?? '';
    // Only copies are compared, so a digest is enough: an hour's mails would be gigabytes.
    const digest = createHash('sha256').update(raw).digest('base64');
    const mail: Mail = { messageId, to: to.join(), raw: digest, text: textOfMail(latin1) };
    appendFileSync(FILE, `${JSON.stringify(mail)}\n`);
  },
});
process.on('message', (order: SmtpOrder) => {
  if ('mode' in order) mode = order.mode;
  else next.push(...order.next);
  process.send?.('done');
});
process.send?.(server.url);

function flakyStep(): SmtpStep | undefined {
  const dice = random.next();
  if (dice < 0.05) return { at: 'dot', do: 'reply', reply: '451 4.3.0 try again later' };
  if (dice < 0.08) return { at: 'rcpt', do: 'reply', reply: '450 4.2.0 mailbox busy' };
  if (dice < 0.12) return { at: 'dot', do: 'accept-and-drop' };
  if (dice < 0.15) return { at: 'dot', do: 'drop' };
  if (dice < 0.17) return { at: 'dot', do: 'hang' };
  if (dice < 0.19) return { at: 'data', do: 'hang' };
  return undefined;
}
