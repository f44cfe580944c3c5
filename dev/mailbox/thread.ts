import { createLog } from '#platform/telemetry/log.ts';
import { type Mailbox, startMailbox } from './mailbox.ts';

/** The mailbox, for a thread of its own. @param options ports are free ones */
export function start({ file, level }: { file: string; level: string }): Promise<Mailbox> {
  const log = createLog('start', level);
  return startMailbox({ file, smtpPort: 0, httpPort: 0, log });
}
