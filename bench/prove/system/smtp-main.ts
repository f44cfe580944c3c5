import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import type { Mail } from '#harness/books/breaches.ts';
import { textOfMail } from '#harness/books/mail-text.ts';
import { openSmtpServer, type SmtpStep } from '#harness/faults/smtp-server.ts';
import { createRandom } from '#harness/random.ts';

// A mail server as a process of its own, so that it can be killed. Each accepted message is a line
// of FILE before its client hears of it. Its parent tells it its mood, and the next steps.

/** How the server treats messages, from now on. */
export type SmtpOrder = { mood: 'kind' | 'moody' } | { next: SmtpStep[] };

const { PORT = '0', FILE = '', SEED = '' } = process.env;
const random = createRandom(SEED);
const next: SmtpStep[] = [];
let mood: 'kind' | 'moody' = 'kind';

const server = await openSmtpServer({
  port: Number(PORT),
  // A real one gives up too; for ever, the few connections of a sender would soon all hang.
  hangMs: 3_000,
  choose: () => next.shift() ?? (mood === 'moody' ? moodyStep() : undefined),
  onMessage({ to, raw }) {
    const latin1 = raw.toString('latin1');
    const messageId = /^message-id: *(\S+)/im.exec(latin1)?.[1] ?? '';
    // What is compared is whether copies are alike: an hour's mails would be gigabytes.
    const digest = createHash('sha256').update(raw).digest('base64');
    const mail: Mail = { messageId, to: to.join(), raw: digest, text: textOfMail(latin1) };
    appendFileSync(FILE, `${JSON.stringify(mail)}\n`);
  },
});
process.on('message', (order: SmtpOrder) => {
  if ('mood' in order) mood = order.mood;
  else next.push(...order.next);
  process.send?.('done');
});
process.send?.(server.url);

function moodyStep(): SmtpStep | undefined {
  const dice = random.next();
  if (dice < 0.05) return { at: 'dot', do: 'reply', reply: '451 4.3.0 try again later' };
  if (dice < 0.08) return { at: 'rcpt', do: 'reply', reply: '450 4.2.0 mailbox busy' };
  if (dice < 0.12) return { at: 'dot', do: 'accept-and-drop' };
  if (dice < 0.15) return { at: 'dot', do: 'drop' };
  if (dice < 0.17) return { at: 'dot', do: 'hang' };
  if (dice < 0.19) return { at: 'data', do: 'hang' };
  return undefined;
}
