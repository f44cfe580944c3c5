import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Metric } from '../metrics/metrics.ts';
import type { HttpServer } from './server.ts';

// A client that pipelines this far ahead has received no answer for as long.
const WAITING_MAX = 32;
// A chunk of 64 KiB holds thousands of small requests, and Node keeps each of them until its turn.
const DROPPED_MAX = 64;
// For the whole answer, so that a reader of one byte now and then ends too. Answers have 256 KiB,
// files at most 1.5 MB before compression.
const ANSWER_TIMEOUT_MS = 30_000;
// While a server stops, which has 10 s.
const STOPPING_TIMEOUT_MS = 2_000;
const SWEEP_MS = 500;
const LOG_EVERY_MS = 60_000;

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

interface Connection {
  socket: Socket;
  running: Exchange | null;
  waiting: Exchange[];
  /** Requests that came when too many waited. */
  dropped: number;
  /** When the sweep first saw the running answer being written, or the connection while stopping. */
  since: number | null;
}

/** Why a server ended a connection. */
const REASONS = ['full', 'unread', 'pipelined', 'stopping'] as const;
type Reason = (typeof REASONS)[number];

export interface Connections {
  /** The last request of a connection that has arrived whole and has no answer yet. */
  lastOn(socket: Socket): ServerResponse | null;
  /** From now on, a connection that does not read or does not send its body ends within 2 s. */
  stop(): void;
  /** Ends all connections that have no running request, half requests included. */
  endIdle(): void;
  metrics: Metric[];
}

/**
 * Bounds what the connections of a server can hold.
 *
 * The requests of a connection are answered one after the other: otherwise a client that pipelines
 * and reads nothing makes the server keep any number of answers. An answer that is not read in time
 * ends its connection. Above `max` connections, the one that is idle longest is closed for a new
 * one; a connection that has not sent a request yet is closed first.
 */
export function boundConnections(
  app: HttpServer,
  { max, log }: { max: number; log: Logger },
): Connections {
  const server = app.server;
  const connections = new Map<Socket, Connection>();
  // Sets keep the order of insertion, so the first one has waited longest.
  const fresh = new Set<Connection>();
  const idle = new Set<Connection>();
  const ended = new Map<Reason, number>(REASONS.map((reason) => [reason, 0]));
  let stopping = false;
  let loggedAt = Number.NEGATIVE_INFINITY;
  const [handle] = server.listeners('request') as ((
    request: IncomingMessage,
    response: ServerResponse,
  ) => void)[];
  if (handle === undefined) throw new Error('the server has no handler');

  function end({ socket }: Connection, reason: Reason): void {
    if (socket.destroyed) return;
    ended.set(reason, (ended.get(reason) as number) + 1);
    socket.destroy();
  }

  /** @returns whether a connection was closed for a new one */
  function makeRoom(): boolean {
    const victim = first(fresh) ?? first(idle) ?? longestUnread(connections.values());
    if (victim === undefined) return false;
    fresh.delete(victim);
    idle.delete(victim);
    end(victim, 'full');
    return true;
  }

  function onFull(): void {
    if (performance.now() - loggedAt < LOG_EVERY_MS) return;
    loggedAt = performance.now();
    log.warn({ connectionsMax: max }, 'too many connections: idle ones are closed for new ones');
  }

  function onConnection(socket: Socket): void {
    if (connections.size >= max) {
      onFull();
      if (!makeRoom()) {
        ended.set('full', (ended.get('full') as number) + 1);
        socket.destroy();
        return;
      }
    }
    const connection = { socket, running: null, waiting: [], dropped: 0, since: null };
    connections.set(socket, connection);
    fresh.add(connection);
    socket.once('close', () => {
      connections.delete(socket);
      fresh.delete(connection);
      idle.delete(connection);
    });
  }

  function run(connection: Connection, exchange: Exchange): void {
    connection.running = exchange;
    connection.since = null;
    exchange.response.once('close', () => next(connection));
    (handle as NonNullable<typeof handle>)(exchange.request, exchange.response);
  }

  function next(connection: Connection): void {
    const { socket, waiting } = connection;
    connection.running = null;
    connection.since = null;
    // The connection has ended, or ends with the answer before.
    if (socket.destroyed || socket.writableEnded) {
      waiting.length = 0;
      return;
    }
    const exchange = waiting.shift();
    if (exchange !== undefined) run(connection, exchange);
    else idle.add(connection);
  }

  /** Answers the requests that wait, then ends the connection; at once when many more came. */
  function drop(connection: Connection): void {
    connection.dropped++;
    const last = connection.waiting.at(-1) as Exchange;
    last.response.shouldKeepAlive = false;
    connection.socket.pause();
    if (connection.dropped > DROPPED_MAX) end(connection, 'pipelined');
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const connection = connections.get(request.socket);
    // A closed connection: the rest of its last chunk is still parsed.
    if (connection === undefined || request.socket.destroyed) return;
    if (connection.running === null) {
      fresh.delete(connection);
      idle.delete(connection);
      run(connection, { request, response });
    } else if (connection.waiting.length < WAITING_MAX && connection.dropped === 0) {
      connection.waiting.push({ request, response });
    } else {
      drop(connection);
    }
  }

  function sweep(): void {
    const now = performance.now();
    for (const connection of connections.values()) {
      if (!isHeldByClient(connection, stopping)) continue;
      connection.since ??= now;
      const timeout = stopping ? STOPPING_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
      if (now - connection.since >= timeout) end(connection, stopping ? 'stopping' : 'unread');
    }
  }

  server.removeAllListeners('request');
  server.on('request', onRequest);
  // A TLS server passes requests with the socket of the second event.
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', onConnection);
  const sweeper = setInterval(sweep, SWEEP_MS).unref();
  server.once('close', () => clearInterval(sweeper));

  return {
    lastOn(socket) {
      const { running = null, waiting = [] } = connections.get(socket) ?? {};
      const unanswered = [running, ...waiting].filter((each) => each?.request.complete === true);
      const last = unanswered.at(-1)?.response;
      return last === undefined || last.writableEnded ? null : last;
    },
    stop() {
      stopping = true;
      for (const connection of connections.values()) connection.since = null;
    },
    endIdle() {
      for (const connection of connections.values()) {
        if (connection.running === null) end(connection, 'stopping');
      }
    },
    metrics: [
      {
        name: 'http_server_connections',
        help: 'Open connections.',
        read: async () => [{ value: connections.size }],
      },
      {
        name: 'http_server_connections_ended_total',
        help: 'Connections that the server ended, by reason.',
        labels: ['reason'],
        read: async () => [...ended].map(([reason, value]) => ({ value, labels: { reason } })),
      },
    ],
  };
}

/** Whether the server waits for the client: to read the answer, or while it stops also to send. */
function isHeldByClient({ running }: Connection, stopping: boolean): boolean {
  if (running === null) return stopping;
  return running.response.headersSent || (stopping && !running.request.complete);
}

function first<T>(all: Set<T>): T | undefined {
  return all.values().next().value;
}

/** The connection whose client leaves an answer unread for longest. */
function longestUnread(connections: Iterable<Connection>): Connection | undefined {
  let longest: Connection | undefined;
  for (const connection of connections) {
    const { since } = connection;
    if (since !== null && since < (longest?.since ?? Number.POSITIVE_INFINITY)) {
      longest = connection;
    }
  }
  return longest;
}
