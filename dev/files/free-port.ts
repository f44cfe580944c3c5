import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that systems give to outgoing connections and to servers that ask for any port
// (from 32,768 on Linux, from 49,152 elsewhere): nobody gets one of these by chance.
const FIRST = 10_000;
const LAST = 32_000;
// Processes that run at the same time begin at different ports.
const PORTS_PER_PROCESS = 16;

let next = FIRST + ((process.pid * PORTS_PER_PROCESS) % (LAST - FIRST));

/**
 * A port of 127.0.0.1 for a program that needs its number before it listens: one on which no process
 * listens, which this process has not returned before, and which the system gives to nobody unasked.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next;
    next = next === LAST ? FIRST : next + 1;
    if (await canListen(port)) return port;
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
