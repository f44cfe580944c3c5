import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * Keeps the ports of servers that stopped and will return to them: the system gives no other server a
 * port that a connection has. A call to such a port is refused, as if no server listened there.
 * @param urls of servers that have stopped listening on 127.0.0.1
 * @returns releases the ports
 */
export async function holdPorts(urls: readonly string[]): Promise<() => void> {
  const peer = createServer((socket) => void socket.on('error', () => {}).unref());
  peer.listen(0, '127.0.0.1').unref();
  await once(peer, 'listening');
  const { port } = peer.address() as { port: number };
  const held = await Promise.all(urls.map((url) => hold(Number(new URL(url).port), port)));
  return () => {
    // A reset: an end would keep the port for a minute.
    for (const socket of held) socket.resetAndDestroy();
    peer.close();
  };
}

async function hold(localPort: number, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.1', localPort });
  socket.unref();
  await once(socket, 'connect');
  return socket.on('error', () => {});
}
