import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

// A program that writes each item of the largest order alone sends a tenth.
const CHUNKS_MAX = 1_024;

/**
 * Bounds the chunks of a body. Each costs as much as kilobytes do: the 60,000 chunks of one byte that
 * fit the size limit take half a second, and keep 10 MB while the request waits.
 * @param onFlood must end the connection
 */
export function limitChunks(server: Server, onFlood: (socket: Socket) => void): void {
  server.prependListener('request', (request: IncomingMessage) => {
    if (request.headers['transfer-encoding'] === undefined) return;
    let chunks = 0;
    // Node's parser calls it for each chunk. A listener of `data` would make the body flow away.
    const push = request.push.bind(request);
    request.push = (chunk, encoding) => {
      chunks++;
      if (chunks === CHUNKS_MAX + 1) onFlood(request.socket);
      return chunks > CHUNKS_MAX ? false : push(chunk, encoding);
    };
  });
}
