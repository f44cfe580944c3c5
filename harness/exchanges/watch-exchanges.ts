import { subscribe } from 'node:diagnostics_channel';
import { getTestContext } from 'node:test';
import { publishedDocument } from './api-document.ts';
import { checkExchange, type Exchange } from './check-exchange.ts';
import { countAnswer } from './count-answers.ts';

// Sees what this process sends by `fetch` and by undici, of the tests and of services in it, without
// a part in it: both publish each request on diagnostics channels. What is sent otherwise reports
// itself (`reportExchange`).

/** Watches the exchanges with some servers. */
export interface ExchangeWatch {
  /** @param url base URL of a server of this service */
  add: (service: string, url: string) => void;
  /**
   * Ends it.
   * @throws Error that lists the exchanges that broke a document
   */
  end: () => void;
}

/** A violation of which one exchange is shown for all of its kind. */
interface Found {
  count: number;
  /** The value and the test of the first one. */
  first: string;
}

interface Watched {
  service: string;
  violations: Map<string, Found>;
}

// By port: all servers of tests are on this machine.
const watched = new Map<string, Watched>();
const KINDS_SHOWN = 30;

/** Every exchange of this process with the servers that are added is checked by their documents. */
export function watchExchanges(): ExchangeWatch {
  subscribeOnce();
  const violations = new Map<string, Found>();
  const added = new Map<string, Watched>();
  return {
    add: (service, url) => {
      const port = portOf(url);
      const one = { service, violations };
      added.set(port, one);
      watched.set(port, one);
    },
    end: () => {
      // A later server may have the port of one that has ended.
      for (const [port, one] of added) if (watched.get(port) === one) watched.delete(port);
      if (violations.size > 0) throw new Error(complaintOf(violations));
    },
  };
}

function complaintOf(violations: Map<string, Found>): string {
  const kinds = [...violations].map(
    ([what, { count, first }]) => `${what} (${count} ×)\n  ${first}`,
  );
  return [
    `Exchanges break the published documents in these ways (${kinds.length}):`,
    ...kinds.slice(0, KINDS_SHOWN),
  ].join('\n');
}

/** Reports an exchange that was sent by neither `fetch` nor undici. */
export function reportExchange(url: string, exchange: Exchange): void {
  const server = watched.get(portOf(url));
  if (server !== undefined) check(server, exchange, testName());
}

function check({ service, violations }: Watched, exchange: Exchange, test: string): void {
  const { method, path, status } = exchange;
  const verdict = checkExchange(publishedDocument(service), exchange);
  const { operationId, code } = verdict;
  if (operationId !== undefined) countAnswer({ service, operationId, status, code });
  for (const { fault, value } of verdict.violations) {
    const what = `${service} ${operationId ?? method} ${status}: ${fault}`;
    const found = violations.get(what) ?? {
      count: 0,
      first: `${method} ${path} in "${test}": ${value}`,
    };
    violations.set(what, found);
    found.count += 1;
  }
}

const testName = () => getTestContext()?.fullName ?? 'no test';
const portOf = (url: string): string => {
  const { port, protocol } = new URL(url);
  return port || (protocol === 'https:' ? '443' : '80');
};

/** A request of undici, of the package as well as of the one in Node. */
interface UndiciRequest {
  origin: string | URL;
  method: string;
  path: string;
  /** Names and values in turn. */
  headers: string[];
}

interface Running {
  server: Watched;
  test: string;
  sent: Buffer[];
  received: Buffer[];
  status: number;
  headers: Buffer[];
}

type Message = {
  request: UndiciRequest;
  chunk: string | Uint8Array;
  response: { statusCode: number; headers: Buffer[] };
};

const running = new WeakMap<UndiciRequest, Running>();
let subscribed = false;

function subscribeOnce(): void {
  if (subscribed) return;
  subscribed = true;
  on('create', ({ request }) => {
    const server = watched.get(portOf(String(request.origin)));
    if (server === undefined) return;
    const test = testName();
    running.set(request, { server, test, sent: [], received: [], status: 0, headers: [] });
  });
  on('bodyChunkSent', ({ request, chunk }) => {
    running.get(request)?.sent.push(Buffer.from(chunk as Uint8Array));
  });
  on('headers', ({ request, response }) => {
    const one = running.get(request);
    if (one === undefined) return;
    one.status = response.statusCode;
    one.headers = response.headers;
  });
  on('bodyChunkReceived', ({ request, chunk }) => {
    running.get(request)?.received.push(Buffer.from(chunk as Uint8Array));
  });
  // Published at the end of every answer; one that breaks off has none and is not checked.
  on('trailers', ({ request }) => {
    const one = running.get(request);
    if (one === undefined) return;
    running.delete(request);
    check(one.server, exchangeOf(request, one), one.test);
  });
}

function on(event: string, listener: (message: Message) => void): void {
  subscribe(`undici:request:${event}`, (message) => listener(message as Message));
}

function exchangeOf(
  request: UndiciRequest,
  { sent, received, status, headers }: Running,
): Exchange {
  return {
    method: request.method,
    path: request.path,
    requestHeaders: headersOf(request.headers),
    requestBody: Buffer.concat(sent).toString(),
    status,
    headers: headersOf(headers.map((each) => each.toString('latin1'))),
    body: Buffer.concat(received).toString(),
  };
}

/** @param list names and values in turn */
export function headersOf(list: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < list.length; index += 2) {
    const name = (list[index] as string).toLowerCase();
    const value = list[index + 1] as string;
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}
