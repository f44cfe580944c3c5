import type { Socket } from 'node:net';

// A sender needs some milliseconds for a message, so it is not taken for one that holds on.
const SPARED_MS = 1_000;

/**
 * Bounds connections. At the bound a new one ends that which has delivered nothing for longest: a
 * plain bound would let silent clients keep the mailer out.
 */
export function createConnectionLimit(connectionsMax: number) {
  /** By the client's port; `since` is its last message, or its beginning. Oldest first. */
  const open = new Map<number, { socket: Socket; since: number }>();

  return {
    /** @returns false when it was refused: all others are at work */
    add(socket: Socket): boolean {
      const now = performance.now();
      if (open.size >= connectionsMax) {
        const [oldest] = open;
        if (oldest === undefined || now - oldest[1].since < SPARED_MS) {
          socket.destroy();
          return false;
        }
        open.delete(oldest[0]);
        oldest[1].socket.destroy();
      }
      const port = socket.remotePort ?? 0;
      const entry = { socket, since: now };
      open.set(port, entry);
      socket.once('close', () => {
        if (open.get(port) === entry) open.delete(port);
      });
      return true;
    },
    /** A client has delivered a message. */
    delivered(port: number): void {
      const entry = open.get(port);
      if (entry === undefined) return;
      entry.since = performance.now();
      // Set again, so that the map stays in the order of `since`.
      open.delete(port);
      open.set(port, entry);
    },
    /** Ends a client's connection. */
    end(port: number): void {
      open.get(port)?.socket.destroy();
    },
  };
}
