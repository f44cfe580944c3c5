import pino from 'pino';
import { startMailbox } from '#dev/mailbox/mailbox.ts';

// Runs the mailbox in a process of its own, for set-ups with one process per service.

const { FILE = '' } = process.env;
const mailbox = await startMailbox({
  file: FILE,
  smtpPort: 0,
  httpPort: 0,
  log: pino({ level: 'warn' }),
});
process.once('SIGTERM', () => void mailbox.close().then(() => process.exit(0)));
process.send?.(mailbox.smtpUrl);
