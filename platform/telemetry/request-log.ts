import type { Logger } from 'pino';
import type { Fields, Work } from './tracing.ts';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

interface RequestLine {
  method: string;
  /** The path with its parameters' names; undefined where no route matched. */
  route: string | undefined;
  status: number;
  ms: number;
  /** The client hung up before the answer. */
  aborted?: boolean;
  /** It came in a batch. */
  batched?: boolean;
}

/** Writes the line of a request, or of a call in a batch. */
export function logRequest(
  log: Logger,
  { traceId, fields }: Pick<Work, 'traceId' | 'fields'>,
  line: RequestLine,
): void {
  const { method, route = '(no route)', status } = line;
  const ms = Math.round(line.ms * 10) / 10;
  log.info({ traceId, ...fields, ...line, ms }, `${method} ${route} ${status}`);
}

/** The ids in the path, for span and log. Other ids than UUIDs can be names or addresses. */
export function idsIn(params: unknown): Fields {
  const ids: Fields = {};
  for (const [name, value] of Object.entries((params ?? {}) as object)) {
    if (typeof value === 'string' && UUID.test(value)) ids[name] = value.toLowerCase();
  }
  return ids;
}
