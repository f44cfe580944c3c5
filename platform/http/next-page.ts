import type { Endpoint } from './endpoint.ts';

interface Schema {
  properties?: Record<string, unknown>;
}

/** Whether an operation answers one page of a list that it continues by `cursor`. */
export function isList({ method, query, responses }: Endpoint): boolean {
  const asked = (query as Schema | undefined)?.properties ?? {};
  const answered = (responses[200] as Schema | undefined)?.properties ?? {};
  return method === 'GET' && 'cursor' in asked && 'nextCursor' in answered;
}

/**
 * The `Link` to the next page (RFC 8288), relative to the server: the same query with its cursor.
 * @param url as it was asked for
 * @returns null on the last page
 */
export function nextPageLink(url: string, body: unknown): string | null {
  const { nextCursor } = body as { nextCursor?: string | null };
  if (typeof nextCursor !== 'string') return null;
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  searchParams.set('cursor', nextCursor);
  return `<${pathname}?${searchParams}>; rel="next"`;
}
