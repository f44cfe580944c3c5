import { connect } from 'node:net';

/** An answer as it came. */
export interface HttpAnswer {
  status: number;
  /** Bytes as latin1. */
  body: string;
}

export type Connection = ReturnType<typeof openConnection>;

/**
 * Opens a connection that carries one request at a time; requests that are sent before it is open
 * wait. It reads answers of our servers only: a client that costs a few microseconds, on a machine
 * that it shares with what it measures.
 */
export function openConnection({
  host,
  port,
  onAnswer,
  onLost,
}: {
  host: string;
  port: number;
  onAnswer: (answer: HttpAnswer) => void;
  /** The connection ended, and with it the answer to what was sent. */
  onLost: (reason: Error) => void;
}) {
  const socket = connect({ host, port, noDelay: true });
  let received = '';
  let reason = new Error('the server ended the connection');
  let closed = false;
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received = received === '' ? text : received + text;
    try {
      const read = readAnswer(received);
      if (read === undefined) return;
      received = '';
      onAnswer(read);
    } catch (error) {
      socket.destroy(error as Error);
    }
  });
  socket.on('error', (error) => {
    reason = error;
  });
  socket.on('close', () => {
    if (!closed) onLost(reason);
  });
  return {
    /** Sends a whole request, given as latin1; its answer comes by `onAnswer`. */
    send: (request: string) => void socket.write(request, 'latin1'),
    close(): void {
      closed = true;
      socket.destroy();
    },
  };
}

const LENGTH = /\r\ncontent-length: *(\d+)/i;

/**
 * Reads the one answer that a connection has received.
 * @returns undefined while some of it is missing
 * @throws Error when it is not HTTP/1.1 with a length, or is longer than it says
 */
export function readAnswer(received: string): HttpAnswer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = received.slice(0, end);
  const length = LENGTH.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 ') || length === undefined) {
    throw new Error(`an answer that cannot be read: ${head}`);
  }
  const body = received.slice(end + 4);
  if (body.length < Number(length)) return undefined;
  if (body.length > Number(length)) throw new Error(`an answer that is too long: ${received}`);
  return { status: Number(head.slice(9, 12)), body };
}
