import pino from 'pino';
import { startMailbox } from '#dev/mailbox/mailbox.ts';

// The mailbox as a process of its own, as a mail server is where each service is a process.

const { FILE = '' } = process.env;
const mailbox = await startMailbox({
  file: FILE,
  smtpPort: 0,
  httpPort: 0,
  log: pino({ level: 'warn' }),
});
process.once('SIGTERM', () => void mailbox.close().then(() => process.exit(0)));
process.send?.(mailbox.smtpUrl);
