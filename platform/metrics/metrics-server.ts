import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { describeError, describeListenFault } from '../errors.ts';
import { hostInUrl, hostNameIn, isLoopbackHost, listensOnLoopback } from '../values/host-names.ts';
import type { Metrics } from './metrics.ts';

const PATH = '/metrics';
// A scrape takes two seconds at most; Prometheus asks again after its interval.
const REQUEST_TIMEOUT_MS = 10_000;
// A few Prometheus servers keep one each; more would take the open files of the service.
const CONNECTIONS_MAX = 32;

export interface MetricsServer {
  /** Where Prometheus finds the metrics. */
  url: string;
  close(): Promise<void>;
}

interface MetricsServerOptions {
  metrics: Metrics;
  host: string;
  /** 0 takes any free one. */
  port: number;
  log: Logger;
}

/**
 * Serves the metrics of a service, and nothing else, on a port of their own (METRICS_PORT).
 * @throws Error that names the port and its setting when it is taken or not allowed
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { metrics, host, port, log } = options;
  metrics.watchProcess();
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      // DNS rebinding, as in http/host-check.ts.
      if (!isLoopbackHost(hostNameIn(request.headers.host) ?? '') && listensOnLoopback(server)) {
        response.writeHead(421, { 'content-type': 'text/plain' }).end('Unknown host name.\n');
        return;
      }
      const [path] = (request.url ?? '').split('?', 1);
      const status = path !== PATH ? 404 : request.method === 'GET' ? 200 : 405;
      if (status !== 200) {
        const headers = { 'content-type': 'text/plain', ...(status === 405 && { allow: 'GET' }) };
        response.writeHead(status, headers).end(`Metrics are at GET ${PATH}.\n`);
        return;
      }
      metrics.scrape().then(
        (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        (error: unknown) => {
          log.error(`metrics: ${describeError(error)}`);
          response.writeHead(500).end();
        },
      );
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  await listenAt(server, host, port);
  const { port: real } = server.address() as AddressInfo;
  const url = `http://${hostInUrl(host)}:${real}${PATH}`;
  log.info(`metrics are at ${url}`);
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listenAt(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
  } catch (error) {
    throw describeListenFault(error, { host, port, setting: 'METRICS_PORT' });
  }
}
