import assert from 'node:assert/strict';
import { request } from 'node:http';
import { headersOf, reportExchange } from '../exchanges/watch-exchanges.ts';
import type { Answer } from '../requests.ts';
import { testLayout } from './layout.ts';
import type { TestCustomer, TestSystem } from './system.ts';

export interface RawRequest {
  method?: string;
  /** As it goes on the wire: nothing is normalized or escaped. */
  path: string;
  /** A list sends the header once per member. */
  headers?: Record<string, string | string[]>;
  /** As it is; a string is sent as UTF-8. */
  body?: string | Buffer;
}

/** One HTTP request that `fetch` would refuse to send or would correct. */
export function rawCall(url: string, given: RawRequest): Promise<Answer> {
  const { method = 'GET', path, headers = {}, body = '' } = given;
  const { hostname, port } = new URL(url);
  const bytes = Buffer.from(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        hostname,
        port,
        method,
        path,
        agent: false,
        headers: {
          ...(bytes.length > 0 &&
            headers['transfer-encoding'] === undefined && { 'content-length': bytes.length }),
          ...headers,
        },
      },
      async (incoming) => {
        try {
          const text = Buffer.concat(await incoming.toArray()).toString();
          const received = new Headers(incoming.headers as Record<string, string>);
          reportExchange(url, {
            method,
            path,
            requestHeaders: headersOf(
              Object.entries(headers).flatMap(([name, values]) =>
                [values].flat().flatMap((value) => [name, value]),
              ),
            ),
            requestBody: bytes.toString(),
            status: incoming.statusCode as number,
            headers: headersOf(incoming.rawHeaders),
            body: text,
          });
          const json = received.get('content-type')?.includes('json') ?? false;
          resolve({
            status: incoming.statusCode as number,
            headers: received,
            body: json && text !== '' ? JSON.parse(text) : text,
          });
        } catch (error) {
          reject(error);
        }
      },
    );
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}

/** Sends a body, as JSON unless the headers say otherwise, with a customer's token. */
export type Send = (
  method: string,
  path: string,
  body?: string | Buffer,
  headers?: RawRequest['headers'],
) => Promise<Answer>;

export function senderOf({ url }: TestSystem, { token }: TestCustomer): Send {
  return (method, path, body, headers = {}) =>
    rawCall(url, {
      method,
      path,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
}

/** Asserts an error answer with everything that docs/reference/api.md promises of one. */
export function assertProblem(answer: Answer, status: number, code?: string): void {
  assertDocument(answer, status, code);
  const { body } = answer;
  // The previous release answers in its own form.
  if (testLayout() === 'versions' && body.type.startsWith('urn:')) return;
  assert.equal(body.type, `/problems/${body.code}`);
  for (const { pointer } of body.errors ?? []) {
    if (pointer !== undefined) assert.match(pointer, /^#(?:\/|$)/);
  }
}

/** The same of a service inside. */
export function assertInternalProblem(answer: Answer, status: number, code?: string): void {
  assertDocument(answer, status, code);
  const { body } = answer;
  assert.equal(body.type, `urn:orderbell:problem:${body.code}`);
  for (const { pointer } of body.errors ?? []) {
    if (pointer !== undefined) assert.match(pointer, /^(?:\/|$)/);
  }
}

function assertDocument({ body, headers, status: given }: Answer, status: number, code?: string) {
  assert.equal(given, status, JSON.stringify(body));
  assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8');
  assert.equal(body.status, status);
  assert.match(body.code, /^[a-z]+(-[a-z]+)*$/);
  if (code !== undefined) assert.equal(body.code, code);
  for (const member of ['title', 'detail', 'instance']) assert.ok(body[member], member);
  assert.match(body.traceId, /^[0-9a-f]{32}$/);
  assert.equal(body.retryable, status === 503 || status === 429);
  if (body.retryable) assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  if (status === 401) assert.match(headers.get('www-authenticate') ?? '', /^Bearer(?: error=|$)/);
  for (const fault of body.errors ?? []) {
    assert.equal(typeof (fault.pointer ?? fault.parameter), 'string', JSON.stringify(fault));
    assert.ok(fault.rule);
    assert.ok(fault.detail);
  }
  // No stack, no SQL, no file of ours.
  assert.doesNotMatch(JSON.stringify(body), /\.ts\b|\.js\b|select |node_modules/i);
}

/** The pointers and parameters that a 400 names, each once. */
export function placesOf({ body }: Answer): string[] {
  const errors: { pointer?: string; parameter?: string }[] = body.errors ?? [];
  const places = errors.map(({ pointer, parameter }) => pointer?.slice(1) ?? `?${parameter}`);
  return [...new Set(places)].sort();
}
