import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '#dev/files/free-port.ts';
import { endProcess, forkModule, nextMessage } from '../child-process.ts';
import type { Mail } from '../oracle/stored-state.ts';
import type { SmtpOrder } from './smtp-main.ts';

export type SmtpProcess = Awaited<ReturnType<typeof startSmtpProcess>>;

const MAIN = join(import.meta.dirname, 'smtp-main.ts');

/**
 * The test mail server as a process: it can be killed, and `tell` chooses how it treats messages.
 * @param folder of the file that keeps its mails
 */
export async function startSmtpProcess(folder: string, seed: string) {
  const file = join(folder, 'mails.jsonl');
  const start = (port: string) => forkModule(MAIN, { PORT: port, FILE: file, SEED: seed });
  // Not port 0: while it is dead, the system could give that port to a connection.
  let child = start(String(await freePort()));
  let running = true;
  const url = await nextMessage<string>(child, 'the mail server');
  return {
    url,
    get running() {
      return running;
    },
    kill(): void {
      running = false;
      child.kill('SIGKILL');
    },
    /** Starts it again on its port, reliable. */
    async revive(): Promise<void> {
      await endProcess(child, 'SIGKILL');
      child = start(new URL(url).port);
      await nextMessage(child, 'the mail server');
      running = true;
    },
    async tell(order: SmtpOrder): Promise<void> {
      if (!running) return;
      // A server that is killed before it answers restarts in reliable mode.
      const answered = Promise.race([once(child, 'message'), once(child, 'exit')]);
      child.send(order);
      await answered;
    },
    /** Everything that it ever accepted. */
    async listMails(): Promise<Mail[]> {
      const text = await readFile(file, 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    },
    /** Forgets what it accepted. */
    forget: () => writeFile(file, ''),
    close: () => endProcess(child, 'SIGKILL'),
  };
}
