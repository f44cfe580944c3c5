import type { Logger } from 'pino';
import { AppError, commonProblems } from '#platform/errors.ts';
import { refuseCrossSite, refuseForeignHosts } from '#platform/http/host-check.ts';
import { createHttpServer, type HttpServer } from '#platform/http/server.ts';
import type { MailPage } from './listing.ts';
import { createMailReader, type KeptMail } from './read-mail.ts';
import type { MailStore } from './store.ts';

const PAGE_DEFAULT = 50;
const PAGE_MAX = 100;
const SEARCH_CHARACTERS_MAX = 200;

/** Nothing of a letter is ever run or fetched, even when a browser opens it. */
const POLICY = [
  "default-src 'none'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The API by which the console reads the mailbox. It asks for no token. */
export function createMailApi(store: MailStore, log: Logger): HttpServer {
  const app = createHttpServer({ log });
  const read = createMailReader();
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    refuseCrossSite(request);
  });
  refuseForeignHosts(app);

  app.get('/mailbox/messages', (request) =>
    listMail(store, readQuery(request.query, ['limit', 'before', 'search'])),
  );
  app.get<{ Params: { id: string } }>('/mailbox/messages/:id', (request) =>
    read(getMail(store, request.params.id)),
  );
  app.get<{ Params: { id: string } }>('/mailbox/messages/:id/source', (request, reply) =>
    reply.type('text/plain; charset=utf-8').send(getMail(store, request.params.id).raw),
  );
  // Not POST, which any web site may send without asking first.
  app.put<{ Params: { id: string } }>('/mailbox/messages/:id/seen', (request) => {
    if (!store.markSeen(readNumber('id', request.params.id))) throw noSuchMessage();
    return { seen: true };
  });
  app.delete<{ Params: { id: string } }>('/mailbox/messages/:id', (request) => ({
    erased: store.remove(readNumber('id', request.params.id)),
  }));
  app.delete('/mailbox/messages', () => ({ erased: store.removeAll() }));
  app.post('/mailbox/erasures', (request) => ({
    erased: store.erase(readAddresses(request.body)),
  }));
  return app;
}

const ADDRESSES_MAX = 1_000;

/** The addresses whose mails are to be deleted. */
function readAddresses(body: unknown): string[] {
  const { addresses } = (body ?? {}) as { addresses?: unknown };
  const fit =
    Array.isArray(addresses) &&
    addresses.length <= ADDRESSES_MAX &&
    addresses.every((address) => typeof address === 'string');
  if (fit) return addresses as string[];
  throw new AppError(commonProblems.invalidRequest, 'no list of addresses', {
    violations: [{ pointer: '/addresses', rule: 'type', expected: 'array of strings' }],
  });
}

function listMail(store: MailStore, query: Record<string, string>): MailPage {
  return store.list({
    limit: query.limit === undefined ? PAGE_DEFAULT : readNumber('limit', query.limit, PAGE_MAX),
    ...(query.before !== undefined && { before: readNumber('before', query.before) }),
    ...(query.search && { search: query.search }),
  });
}

function getMail(store: MailStore, id: string): KeptMail {
  const mail = store.find(readNumber('id', id));
  if (mail === undefined) throw noSuchMessage();
  return mail;
}

const noSuchMessage = () => new AppError(commonProblems.notFound, 'no such message');

/** Refuses unknown, repeated and over-long parameters. */
function readQuery(query: unknown, allowed: string[]): Record<string, string> {
  const entries = Object.entries(query as Record<string, unknown>);
  for (const [name, value] of entries) {
    const fits = typeof value === 'string' && value.length <= SEARCH_CHARACTERS_MAX;
    if (!allowed.includes(name))
      throw invalid(name.slice(0, SEARCH_CHARACTERS_MAX), 'additionalProperties');
    if (!fits) throw invalid(name, 'maxLength', String(SEARCH_CHARACTERS_MAX));
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function readNumber(name: string, text: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw invalid(name, 'type', `integer 1..${max}`);
}

function invalid(parameter: string, rule: string, expected?: string): AppError {
  const violation = { parameter, rule, ...(expected !== undefined && { expected }) };
  return new AppError(commonProblems.invalidRequest, `invalid ${parameter}`, {
    violations: [violation],
  });
}
