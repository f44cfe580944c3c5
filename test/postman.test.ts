import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

// Postman imports an OpenAPI document by this very library.

interface Item {
  name: string;
  item?: Item[];
  request?: { method: string; url: { path: string[] } };
}

interface Conversion {
  result: boolean;
  reason?: string;
  output?: { type: string; data: { item: Item[] } }[];
}

interface Converter {
  convertV2(
    input: { type: 'string'; data: string },
    options: object,
    done: (error: Error | null, conversion: Conversion) => void,
  ): void;
}

const PUBLISHED = join(import.meta.dirname, '..', 'contracts', 'published', 'gateway.openapi.json');

/** The requests of a collection, in all its folders. */
function requestsOf(items: Item[]): string[] {
  return items.flatMap(({ item, request }) => [
    ...(item ? requestsOf(item) : []),
    ...(request ? [`${request.method} /${request.url.path.join('/')}`] : []),
  ]);
}

test('Postman imports the published document, with every operation', async () => {
  const converter = createRequire(import.meta.url)('openapi-to-postmanv2') as Converter;
  const data = await readFile(PUBLISHED, 'utf8');
  const conversion = await new Promise<Conversion>((resolve, reject) => {
    converter.convertV2({ type: 'string', data }, { folderStrategy: 'Tags' }, (error, found) =>
      error ? reject(error) : resolve(found),
    );
  });
  assert.ok(conversion.result, conversion.reason ?? 'it gives no reason');
  const [collection] = conversion.output ?? [];
  assert.equal(collection?.type, 'collection');
  const { paths } = JSON.parse(data) as { paths: Record<string, object> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(
      (method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
    ),
  );
  assert.deepEqual(requestsOf(collection?.data.item ?? []).sort(), described.sort());
});
