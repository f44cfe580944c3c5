import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

// A client that pipelines this far ahead has received no answer for as long.
const WAITING_MAX = 32;
// Node keeps each of them until its connection ends.
const DROPPED_MAX = 64;

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

export interface Connection {
  socket: Socket;
  running: Exchange | null;
  /** Requests that arrived while another one was running. */
  waiting: Exchange[];
  /** Number of requests that came when too many waited. */
  dropped: number;
  /** Since when the server waits for the client, as far as it was noticed. */
  heldSince: number | null;
}

interface PipeliningOptions {
  /** Undefined for a connection that has ended. */
  connectionOf: (socket: Socket) => Connection | undefined;
  onBusy: (connection: Connection) => void;
  onIdle: (connection: Connection) => void;
  /** Must end the connection. */
  onFlood: (connection: Connection) => void;
}

/**
 * Answers the requests of a connection one after the other: a pipelined request waits until the
 * answer before it is written. Otherwise a client that pipelines and reads nothing makes the server
 * keep any number of answers. At most 32 requests wait; after their answers the connection ends.
 */
export function answerInOrder(server: Server, options: PipeliningOptions): void {
  const { connectionOf, onBusy, onIdle, onFlood } = options;
  const [handle] = server.listeners('request') as Parameters<Server['on']>[1][];
  server.removeAllListeners('request');

  function run(connection: Connection, exchange: Exchange): void {
    connection.running = exchange;
    connection.heldSince = null;
    exchange.response.once('close', () => next(connection));
    handle?.(exchange.request, exchange.response);
  }

  function next(connection: Connection): void {
    const { socket, waiting } = connection;
    connection.running = null;
    connection.heldSince = null;
    // The connection has ended, or ends with the answer before.
    if (socket.destroyed || socket.writableEnded) {
      waiting.length = 0;
      return;
    }
    const exchange = waiting.shift();
    if (exchange !== undefined) run(connection, exchange);
    else onIdle(connection);
  }

  function drop(connection: Connection): void {
    if (connection.dropped++ === 0) {
      const last = connection.waiting.at(-1) as Exchange;
      last.response.shouldKeepAlive = false;
      connection.socket.pause();
      stopParsing(connection.socket);
    }
    if (connection.dropped > DROPPED_MAX) onFlood(connection);
  }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const connection = connectionOf(request.socket);
    // The rest of a chunk whose connection was ended.
    if (connection === undefined) return;
    if (connection.running === null) {
      onBusy(connection);
      run(connection, { request, response });
    } else if (connection.waiting.length < WAITING_MAX && connection.dropped === 0) {
      connection.waiting.push({ request, response });
    } else {
      drop(connection);
    }
  });
}

/**
 * Leaves the rest of a chunk unread: to parse thousands of requests only to drop them takes tens of
 * milliseconds. Node has no public way; where this one is gone, `DROPPED_MAX` ends the connection.
 */
function stopParsing(socket: Socket): void {
  const { parser } = socket as { parser?: { onIncoming?: () => number } };
  // Node's parser takes 2 as: what follows is another protocol.
  if (parser?.onIncoming !== undefined) parser.onIncoming = () => 2;
}
