import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that systems give to outgoing connections and to servers that ask for any port
// (from 32,768 on Linux, from 49,152 elsewhere): nobody gets one of these by chance.
const FIRST = 10_000;
const LAST = 32_000;
// Processes that run at the same time begin at different ports.
const PORTS_PER_PROCESS = 16;
// By another process, or reserved by the system, as Windows does.
const TAKEN = ['EADDRINUSE', 'EACCES'];

// Of the whole process, so that no two of its programs get the same port.
let next = FIRST + ((process.pid * PORTS_PER_PROCESS) % (LAST - FIRST));

/**
 * A port of 127.0.0.1 for a program that needs its number before it listens: one on which no process
 * listens, which this process has not returned lately, and which the system gives to nobody unasked.
 * @throws Error when no port can be listened on
 */
export async function freePort(): Promise<number> {
  for (let left = LAST - FIRST; ; left--) {
    const port = next;
    next = next === LAST ? FIRST : next + 1;
    try {
      await listenOnce(port);
      return port;
    } catch (error) {
      if (left === 0 || !TAKEN.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

async function listenOnce(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}
