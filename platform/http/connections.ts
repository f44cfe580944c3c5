import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Metric } from '../metrics/metrics.ts';
import { limitChunks } from './chunk-limit.ts';
import { answerInOrder, type Connection } from './pipelining.ts';

// For the whole answer, so that a reader of one byte now and then ends too. Answers have 256 KiB,
// files 1.7 MB at most.
const ANSWER_TIMEOUT_MS = 30_000;
// While a server stops, which has 10 s.
const STOPPING_TIMEOUT_MS = 2_000;
// More connections that never sent a request are a flood, which then closes its own ones first. A
// few are clients that have just connected.
const UNUSED_SHARE = 1 / 4;
const SWEEP_MS = 500;
const LOG_EVERY_MS = 60_000;

/** Why a server ended a connection. */
const REASONS = ['full', 'unread', 'pipelined', 'chunks', 'stopping'] as const;
type Reason = (typeof REASONS)[number];

export interface Connections {
  /** The answer to the last request that arrived whole, until the answer is written. */
  lastOn(socket: Socket): ServerResponse | null;
  /** From now on, a connection that does not read or does not send its body ends within 2 s. */
  stop(): void;
  /** Ends all connections that have no running request, half requests included. */
  endIdle(): void;
  metrics: Metric[];
}

/**
 * Bounds what the connections of a server can hold. Their requests are answered one after the other
 * (pipelining.ts). An answer that is not read in time ends its connection. Above `max` connections,
 * the one that is idle longest is closed for a new one.
 */
export function boundConnections(
  server: Server,
  { max, log }: { max: number; log: Logger },
): Connections {
  const open = createOpenConnections(max);
  const { end, connections } = open;
  let stopping = false;
  let loggedAt = Number.NEGATIVE_INFINITY;

  answerInOrder(server, {
    connectionOf: (socket) => connections.get(socket),
    onBusy: open.markBusy,
    onIdle: open.markIdle,
    onFlood: (connection) => end(connection, 'pipelined'),
  });
  // Behind the line above, which takes the listeners of requests over.
  limitChunks(server, (socket) => {
    const connection = connections.get(socket);
    if (connection !== undefined) end(connection, 'chunks');
  });

  function onConnection(socket: Socket): void {
    const isFull = connections.size >= max;
    const closed = isFull ? open.leastNeeded() : undefined;
    const connection = open.add(socket);
    if (!isFull) return;
    if (performance.now() - loggedAt > LOG_EVERY_MS) {
      loggedAt = performance.now();
      log.warn({ connectionsMax: max }, 'too many connections: idle ones are closed for new ones');
    }
    end(closed ?? connection, 'full');
  }
  // A TLS server passes requests with the socket of the other event.
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', onConnection);

  const sweeper = setInterval(() => {
    const now = performance.now();
    const timeout = stopping ? STOPPING_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
    for (const connection of connections.values()) {
      if (!isHeldByClient(connection, stopping)) continue;
      connection.heldSince ??= now;
      if (now - connection.heldSince >= timeout) end(connection, stopping ? 'stopping' : 'unread');
    }
  }, SWEEP_MS).unref();
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
      for (const connection of connections.values()) connection.heldSince = null;
    },
    endIdle() {
      for (const connection of connections.values()) {
        if (connection.running === null) end(connection, 'stopping');
      }
    },
    metrics: open.metrics,
  };
}

/** The open connections of a server, in the order in which they may be closed. */
function createOpenConnections(max: number) {
  const connections = new Map<Socket, Connection>();
  // Sets keep the order of insertion: the first has been idle longest.
  const unused = new Set<Connection>();
  const idle = new Set<Connection>();
  const ended = new Map<Reason, number>(REASONS.map((reason) => [reason, 0]));

  function forget(connection: Connection): void {
    connections.delete(connection.socket);
    unused.delete(connection);
    idle.delete(connection);
  }

  return {
    connections,
    add(socket: Socket): Connection {
      const connection = { socket, running: null, waiting: [], dropped: 0, heldSince: null };
      connections.set(socket, connection);
      unused.add(connection);
      socket.once('close', () => forget(connection));
      return connection;
    },
    markBusy(connection: Connection): void {
      unused.delete(connection);
      idle.delete(connection);
    },
    markIdle: (connection: Connection) => void idle.add(connection),
    /** The connection that is closed for a new one; undefined when all have work. */
    leastNeeded(): Connection | undefined {
      const isFlood = unused.size > max * UNUSED_SHARE;
      return (
        (isFlood ? first(unused) : first(idle)) ??
        first(unused) ??
        first(idle) ??
        refusedOf(connections) ??
        longestHeld(connections.values())
      );
    },
    end(connection: Connection, reason: Reason): void {
      // Before the event `close`, which comes later: a connection must not be chosen twice.
      forget(connection);
      if (connection.socket.destroyed) return;
      ended.set(reason, (ended.get(reason) as number) + 1);
      connection.socket.destroy();
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
    ] satisfies Metric[],
  };
}

/** Whether the server waits for the client: to read the answer, or while it stops also to send. */
function isHeldByClient({ running }: Connection, stopping: boolean): boolean {
  if (running === null) return stopping;
  const { request, response } = running as { request: IncomingMessage; response: ServerResponse };
  // A stream that is still being written has a time limit of its own.
  return response.writableEnded || (stopping && !request.complete);
}

function first<T>(all: Set<T>): T | undefined {
  return all.values().next().value;
}

/** A connection whose request is refused in a moment (admission.ts). */
function refusedOf(connections: Map<Socket, Connection>): Connection | undefined {
  return connections
    .values()
    .find(({ running }) => running?.response.hasHeader('retry-after') === true);
}

/** The connection whose client leaves an answer unread for longest. */
function longestHeld(connections: Iterable<Connection>): Connection | undefined {
  let longest: Connection | undefined;
  for (const connection of connections) {
    const { heldSince } = connection;
    if (heldSince !== null && heldSince < (longest?.heldSince ?? Number.POSITIVE_INFINITY)) {
      longest = connection;
    }
  }
  return longest;
}
