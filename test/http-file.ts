import assert from 'node:assert/strict';

// Runs a file of HTTP requests (.http) as the REST Client of VS Code does: file variables, named
// requests, and values of earlier answers.

/** A request as it stands in the file, with its placeholders. */
export interface FileRequest {
  name: string;
  /** The status that its title announces. */
  status: number;
  method: string;
  url: string;
  headers: [name: string, value: string][];
  body: string;
}

type Part = { variable: [name: string, value: string] } | { request: FileRequest };

const REQUEST = /^(GET|POST|PUT|DELETE) (\S+)$/;

/** The variables and requests of a file, in its order. */
export function partsOf(text: string): Part[] {
  return text.split(/^###/m).flatMap((section) => {
    const lines = section.split('\n');
    const variables = lines.flatMap((line) => {
      const [, name, value] = /^@(\w+) = (.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined
        ? []
        : [{ variable: [name, value] as [string, string] }];
    });
    const at = lines.findIndex((line) => REQUEST.test(line));
    return at === -1 ? variables : [...variables, { request: requestOf(lines, at) }];
  });
}

function requestOf(lines: string[], at: number): FileRequest {
  const [, method = '', url = ''] = REQUEST.exec(lines[at] ?? '') ?? [];
  const [, status] = /^ (\d{3}): ./.exec(lines[0] ?? '') ?? [];
  const [, name] = /^# @name (\w+)$/m.exec(lines.join('\n')) ?? [];
  assert.ok(status !== undefined && name !== undefined, `${method} ${url} has no status or name`);
  const end = lines.indexOf('', at);
  const headers = lines.slice(at + 1, end).map((line) => {
    const [, header = '', value = ''] = /^([\w-]+): (.+)$/.exec(line) ?? [];
    assert.ok(header !== '', `${name}: ${line} is no header`);
    return [header, value] as [string, string];
  });
  return {
    name,
    status: Number(status),
    method,
    url,
    headers,
    body: lines.slice(end).join('\n').trim(),
  };
}

/**
 * Sends the requests of a file, each once.
 * @param given values of variables in place of those of the file
 * @returns the body of each answer, by the request's name
 * @throws AssertionError when a status is another one than the file announces
 */
export async function runFile(text: string, given: Record<string, string>) {
  const variables = new Map<string, string>();
  const bodies: Record<string, unknown> = {};
  const fill = (template: string): string =>
    template.replace(/\{\{(.+?)\}\}/g, (_, name: string) => valueFor(name));
  const valueFor = (name: string): string => {
    if (name === '$guid') return crypto.randomUUID();
    if (name === '$timestamp') return String(Math.floor(performance.timeOrigin / 1_000));
    const [request = '', ...path] = name.replace('.response.body', '').split('.');
    const found =
      variables.get(name) ??
      path.reduce((value, member) => (value as Record<string, unknown>)?.[member], bodies[request]);
    assert.ok(typeof found === 'string', `{{${name}}} has no value`);
    return found;
  };
  for (const part of partsOf(text)) {
    if ('variable' in part) {
      const [name, value] = part.variable;
      variables.set(name, given[name] ?? fill(value));
      continue;
    }
    const { name, method, url, headers, body, status } = part.request;
    const answer = await fetch(fill(url), {
      method,
      headers: headers.map(([header, value]) => [header, fill(value)] as [string, string]),
      ...(body !== '' && { body: fill(body) }),
    });
    const received = await answer.text();
    assert.equal(answer.status, status, `${name}: ${received}`);
    bodies[name] = received === '' ? null : JSON.parse(received);
  }
  return bodies;
}
