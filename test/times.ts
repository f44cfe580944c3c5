import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

// `TEST_TIMES=<file> npm test`: seconds and number of tests by file, the longest first.

const ROOT = new URL('..', import.meta.url).pathname;

// biome-ignore lint/style/noDefaultExport: Node's test runner takes a reporter by its default export
export default async function* (events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, { seconds: number; tests: number }>();
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const file = relative(ROOT, data.file ?? '');
    const sum = files.get(file) ?? { seconds: 0, tests: 0 };
    sum.tests += 1;
    if (data.nesting === 0) sum.seconds += data.details.duration_ms / 1_000;
    files.set(file, sum);
  }
  const sorted = [...files].sort(([, one], [, other]) => other.seconds - one.seconds);
  for (const [file, { seconds, tests }] of sorted) yield `${seconds.toFixed(1)} ${tests} ${file}\n`;
}
