import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HostileContext } from './context.ts';

// Requests of one connection that is never read: more only waits in this process.
const PIPELINED_MAX = 20_000;
const REOPEN_MS = 100;

export interface SocketOptions {
  port?: number;
  /** False: it never reads what comes. */
  reads?: boolean;
  onText?: (text: string) => void;
}

/** Opens a connection that stays open after the load, until the target has stopped. */
export function openSocket(context: HostileContext, options: SocketOptions = {}): Socket {
  const { port = context.port, reads = true, onText } = options;
  const { over, released, tally } = context;
  const socket = connect({ host: context.host, port, noDelay: true });
  const readStatuses = statusReader((status) => tally.add(status));
  if (reads) {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      if (onText === undefined) readStatuses(text);
      else onText(text);
    });
  }
  socket.on('error', () => {});
  socket.on('close', () => {
    if (!over.aborted) tally.add('connection ended');
  });
  released.addEventListener('abort', () => socket.destroy(), { once: true });
  return socket;
}

/** Counts the statuses in a stream of answers, whose bodies have no such line. */
export function statusReader(onStatus: (status: string) => void): (text: string) => void {
  const LINE = /HTTP\/1\.1 (\d{3}) /g;
  let rest = '';
  return (text) => {
    const all = rest + text;
    let end = 0;
    for (const match of all.matchAll(LINE)) {
      onStatus(match[1] as string);
      end = match.index + match[0].length;
    }
    rest = all.slice(Math.max(end, all.length - 'HTTP/1.1 200 '.length));
  };
}

/** Sends requests without waiting for answers, and opens the connection again when it ends. */
export async function pipeline(
  context: HostileContext,
  requests: string[],
  { reads }: { reads: boolean },
): Promise<void> {
  while (!context.over.aborted) {
    const socket = openSocket(context, { reads });
    const text = requests.join('');
    for (let sent = 0; sent < PIPELINED_MAX && isUsable(context, socket); sent += requests.length) {
      if (!socket.write(text, 'latin1')) await drained(context, socket);
    }
    while (isUsable(context, socket)) await delay(REOPEN_MS);
    await delay(REOPEN_MS);
  }
}

/** Sends a request, waits for the answer, and sends the next. */
export async function oneByOne(context: HostileContext, next: () => string): Promise<void> {
  while (!context.over.aborted) {
    let answered = () => {};
    const readStatuses = statusReader((status) => {
      // 100 Continue is no answer.
      if (status.startsWith('1')) return;
      context.tally.add(status);
      answered();
    });
    const socket = openSocket(context, { onText: readStatuses });
    socket.once('close', () => answered());
    while (isUsable(context, socket)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      answered = resolve;
      context.over.addEventListener('abort', () => resolve(), { once: true });
      socket.write(next(), 'latin1');
      await promise;
    }
    await delay(REOPEN_MS);
  }
}

/** Writes a text in single characters, and then opens the next connection. */
export async function slowly(
  context: HostileContext,
  text: string,
  everyMs: number,
): Promise<void> {
  while (!context.over.aborted) {
    const socket = openSocket(context);
    for (let at = 0; isUsable(context, socket); at++) {
      socket.write(text[at % text.length] as string, 'latin1');
      await delay(everyMs);
    }
    await delay(REOPEN_MS);
  }
}

export const isUsable = ({ over }: HostileContext, socket: Socket): boolean =>
  !over.aborted && !socket.destroyed;

async function drained({ over }: HostileContext, socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('drain', resolve);
  socket.once('close', resolve);
  over.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}

/** Runs a load on so many connections. */
export async function times(count: number, work: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}

interface RequestParts {
  method: 'GET' | 'POST';
  path: string;
  token?: string;
  body?: string;
  /** Of the announced body, where it differs. */
  length?: number;
}

/** The text of a request, for `write` as latin1. */
export function requestText({ host, port }: HostileContext, parts: RequestParts): string {
  const { method, path, token, body, length } = parts;
  const bytes = body === undefined ? '' : Buffer.from(body).toString('latin1');
  return [
    `${method} ${path} HTTP/1.1`,
    `host: ${host}:${port}`,
    ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
    ...(body === undefined
      ? []
      : ['content-type: application/json', `content-length: ${length ?? bytes.length}`]),
    '',
    bytes,
  ].join('\r\n');
}
