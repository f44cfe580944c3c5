import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mail } from '#harness/books/breaches.ts';
import type { SmtpOrder } from './smtp-main.ts';

/** A mail server of its own process: it can be killed, and told how to treat messages. */
export interface SmtpProcess {
  url: string;
  readonly running: boolean;
  kill(): void;
  /** Starts it again on its port, kind. */
  revive(): Promise<void>;
  tell(order: SmtpOrder): Promise<void>;
  /** Everything that it ever accepted. */
  listMails(): Promise<Mail[]>;
  /** Forgets what it accepted. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

/** @param folder where its file is put */
export async function startSmtp(folder: string, seed: string): Promise<SmtpProcess> {
  const file = join(folder, 'mails.jsonl');
  const started = await spawnServer('0');
  const { url } = started;
  let { child } = started;
  let running = true;

  async function spawnServer(port: string): Promise<{ child: ChildProcess; url: string }> {
    const forked = fork(join(import.meta.dirname, 'smtp-main.ts'), {
      execArgv: [
        `--import=${new URL('../../../dev/system/exit-with-parent.ts', import.meta.url).href}`,
      ],
      env: { ...process.env, PORT: port, FILE: file, SEED: seed },
    });
    const ended = once(forked, 'exit').then(() => {
      throw new Error('the mail server ended before it listened');
    });
    const [address] = (await Promise.race([once(forked, 'message'), ended])) as [string];
    ended.catch(() => {}); // from now on its end is a fault of ours
    return { child: forked, url: address };
  }

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
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      ({ child } = await spawnServer(new URL(url).port));
      running = true;
    },
    async tell(order) {
      if (!running) return;
      // One that is killed meanwhile answers no more, and comes back kind.
      const answered = Promise.race([once(child, 'message'), once(child, 'exit')]);
      child.send(order);
      await answered;
    },
    async listMails() {
      const text = await readFile(file, 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Mail);
    },
    forget: () => writeFile(file, ''),
    async close() {
      child.kill('SIGKILL');
    },
  };
}
