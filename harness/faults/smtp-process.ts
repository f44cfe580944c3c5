import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endProcess, forkModule, nextMessage } from '../child-process.ts';
import type { Mail } from '../oracle/stored-state.ts';
import type { SmtpOrder } from './smtp-main.ts';

/** The test mail server as a process: it can be killed, and `tell` chooses how it treats messages. */
export interface SmtpProcess {
  url: string;
  readonly running: boolean;
  kill(): void;
  /** Starts it again on its port, reliable. */
  revive(): Promise<void>;
  tell(order: SmtpOrder): Promise<void>;
  /** Everything that it ever accepted. */
  listMails(): Promise<Mail[]>;
  /** Forgets what it accepted. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

const MAIN = join(import.meta.dirname, 'smtp-main.ts');

/** @param folder of the file that keeps its mails */
export async function startSmtpProcess(folder: string, seed: string): Promise<SmtpProcess> {
  const file = join(folder, 'mails.jsonl');
  const start = (port: string) => forkModule(MAIN, { PORT: port, FILE: file, SEED: seed });
  let child = start('0');
  let running = true;
  const url = await nextMessage<string>(child, 'the mail server');
  return {
    url,
    get running() {
      return running;
    },
    kill() {
      running = false;
      child.kill('SIGKILL');
    },
    async revive() {
      await endProcess(child, 'SIGKILL');
      child = start(new URL(url).port);
      await nextMessage(child, 'the mail server');
      running = true;
    },
    async tell(order) {
      if (!running) return;
      // One that is killed meanwhile does not answer, and comes back reliable.
      const answered = Promise.race([once(child, 'message'), once(child, 'exit')]);
      child.send(order);
      await answered;
    },
    async listMails() {
      const text = await readFile(file, 'utf8').catch(() => '');
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as Mail);
    },
    forget: () => writeFile(file, ''),
    close: () => endProcess(child, 'SIGKILL'),
  };
}
