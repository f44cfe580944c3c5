import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as a client would
  body: any;
}

/** One HTTP request; a string body is sent as it is. */
export async function call(
  url: string,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = answer.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: answer.status,
    headers: answer.headers,
    body: json ? JSON.parse(text) : text,
  };
}

/**
 * A request with a key, repeated as a client repeats it until its answer has this status: a gateway
 * with a short deadline may first answer 202 or 503 on a slow machine.
 * @throws AssertionError for any other status
 */
export function answeredWith(status: number, ask: () => Promise<Answer>): Promise<Answer> {
  return eventually(`an answer ${status}`, async () => {
    const answer = await ask();
    if (answer.status === status) return answer;
    assert.ok(
      [202, 503].includes(answer.status),
      `${answer.status} ${JSON.stringify(answer.body)}`,
    );
    return false;
  });
}
