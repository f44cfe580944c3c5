import { createLog } from '#platform/telemetry/log.ts';
import { type Mailbox, startMailbox } from './mailbox.ts';
import type { MailboxSettings } from './settings.ts';

interface ThreadOptions {
  file: string;
  level: string;
  settings: MailboxSettings;
}

/** The mailbox, for a thread of its own. @param options ports are free ones */
export function start({ file, level, settings }: ThreadOptions): Promise<Mailbox> {
  const log = createLog('start', level);
  return startMailbox({ file, smtpPort: 0, httpPort: 0, log, settings });
}
