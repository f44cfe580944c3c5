import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { entityTagOf, isKnown } from './conditional.ts';
import type { HttpServer } from './server.ts';

const MEDIA_TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
/** Files that a build has compressed, in the order of preference. */
const ENCODINGS: Record<string, string> = { br: '.br', gzip: '.gz' };
// More is no set of static files, and would fill the memory.
const BYTES_MAX = 64 * 1024 * 1024;

interface StaticFilesOptions {
  folder: string;
  /** Ends in a slash. */
  prefix: string;
  /** The names to serve; all files of the folder when absent. */
  names?: readonly string[];
  /** `Cache-Control` of each answer; immutable where names change with their content. */
  cacheControl: string;
}

interface Representation {
  content: Buffer;
  etag: string;
}

interface StaticFile {
  mediaType: string;
  /** By content coding; `identity` is always there. */
  representations: Map<string, Representation>;
}

/**
 * Serves the files of one folder from memory: an unread answer then holds neither a file
 * handle nor memory of its own. Files are read once, here. An address that is not exactly the
 * address of a file is a 404; it is compared as it was sent, so there is nothing to normalize.
 */
export async function serveFiles(app: HttpServer, options: StaticFilesOptions): Promise<void> {
  const { prefix, cacheControl } = options;
  const files = await readFiles(options);
  app.get(`${prefix}*`, (request, reply) => {
    const path = request.url.split('?', 1)[0] as string;
    const file = files.get(path.slice(prefix.length));
    return file === undefined ? reply.callNotFound() : answer(file, request, reply, cacheControl);
  });
}

async function readFiles({ folder, names }: StaticFilesOptions): Promise<Map<string, StaticFile>> {
  const found = new Set(names ?? (await listFiles(folder)));
  const contents = new Map<string, Buffer>();
  let bytes = 0;
  for (const name of found) {
    const content = await readFile(join(folder, name));
    bytes += content.length;
    if (bytes > BYTES_MAX) throw new Error(`${folder} has more than 64 MiB of files`);
    contents.set(name, content);
  }
  const files = new Map<string, StaticFile>();
  for (const [name, content] of contents) {
    const representations = new Map([['identity', represent(content)]]);
    for (const [encoding, ending] of Object.entries(ENCODINGS)) {
      const compressed = contents.get(name + ending);
      if (compressed !== undefined) representations.set(encoding, represent(compressed));
    }
    const mediaType = MEDIA_TYPES[extname(name)] ?? 'application/octet-stream';
    files.set(name, { mediaType, representations });
  }
  return files;
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

function represent(content: Buffer): Representation {
  return { content, etag: entityTagOf(content) };
}

function answer(
  { mediaType, representations }: StaticFile,
  request: FastifyRequest,
  reply: FastifyReply,
  cacheControl: string,
): FastifyReply {
  const encoding = encodingFor(request, representations);
  const { content, etag } = representations.get(encoding) as Representation;
  reply.headers({ etag, 'cache-control': cacheControl });
  if (representations.size > 1) reply.header('vary', 'accept-encoding');
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return reply.type(mediaType).send(content);
}

function encodingFor(
  request: FastifyRequest,
  representations: StaticFile['representations'],
): string {
  if (representations.size === 1 || request.headers['accept-encoding'] === undefined) {
    return 'identity';
  }
  const accepted = new Negotiator(request.raw).encodings([...representations.keys()]);
  // A client that accepts none of them gets the file as it is (RFC 9110 section 12.5.3).
  return Object.keys(ENCODINGS).find((one) => accepted.includes(one)) ?? 'identity';
}
