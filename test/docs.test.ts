import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { problemStatuses } from '#contracts/answers.ts';
import {
  anchorsOf,
  brokenLinks,
  lostFunctions,
  lostPaths,
  namesItsKind,
  type Page,
  pages,
  ROOT,
  runnablesOf,
} from './doc-pages.ts';

const README_LINES_MAX = 110;
const DECISION_LINES_MAX = 45;

function pageAt(path: string): Page {
  return pages.find((page) => page.path === path) ?? assert.fail(`there is no ${path}`);
}

const decisions = pages.filter(({ path }) => /^docs\/decisions\/\d{4}-/.test(path));

test('every relative link leads to a file, and its anchor to a heading', () => {
  assert.ok(pages.length > 40, 'the pages were not found');
  assert.deepEqual(pages.flatMap(brokenLinks), []);
});

test('a link to a missing file or heading is found', () => {
  const text =
    '# A b\n[x](no.md) [y](#nothing) [z](#a-b) [w](docs/README.md#nothing)\n`[v](no.md)`';
  assert.deepEqual(brokenLinks({ path: 'a.md', text }).length, 4);
  assert.deepEqual(brokenLinks({ path: 'README.md', text: '# A b\n[x](docs/README.md)' }), []);
  const twice = '# Письма: `x`, два\n```sh\n# no heading\n```\n## Twice\n## Twice';
  assert.deepEqual([...anchorsOf(twice)], ['письма-x-два', 'twice', 'twice-1']);
});

test('every function of the tour is defined in the file that it links to', () => {
  const tour = pageAt('docs/tour.md');
  assert.ok(tour.text.split('.ts)').length > 20, 'the tour was not found');
  assert.deepEqual(lostFunctions(tour), []);
});

test('every path of code that a page names exists', () => {
  // Made by `npm install`.
  const built = /console\/dist$/;
  assert.deepEqual(
    pages.flatMap(lostPaths).filter((line) => !built.test(line)),
    [],
  );
  const text = '`test/docs.test.ts` `test/*.test.ts` `test/none.ts`';
  assert.deepEqual(lostPaths({ path: 'a.md', text }), ['a.md names test/none.ts']);
});

test('a function that was renamed, or whose file was moved, is found', () => {
  const step = (name: string, file: string) => ({
    path: 'docs/tour.md',
    text: `\`${name}\`\n   ([x.ts](../test/${file}))`,
  });
  assert.deepEqual(lostFunctions(step('brokenLinks', 'doc-pages.ts')), []);
  assert.equal(lostFunctions(step('brokenLink', 'doc-pages.ts')).length, 1);
  assert.equal(lostFunctions(step('brokenLinks', 'no-pages.ts')).length, 1);
  assert.equal(lostFunctions({ path: 'docs/a.md', text: '[x](../test/run.ts)' }).length, 1);
});

test('every page below docs/ names its kind, its reader and what they can do afterwards', () => {
  const asked = pages.filter(({ path }) => path.startsWith('docs/') && !/\/\d{4}-/.test(path));
  const without = asked.filter((page) => !namesItsKind(page)).map(({ path }) => path);
  assert.deepEqual(without, [], '`**Reference** for …. Afterwards you can ….` below the title');
  assert.ok(!namesItsKind({ path: 'docs/a.md', text: '# A\n\nAbout things.\n' }));
});

test('every decision has a date, a status, and a line in the index', () => {
  assert.ok(decisions.length > 20);
  const index = pageAt('docs/decisions/README.md').text;
  for (const { path, text } of decisions) {
    assert.match(text, /^# \d+\. .+\n\n\*\*Date\*\* \d{4}-\d\d-\d\d · \*\*Status\*\* [a-z]/, path);
    assert.ok(text.split('\n').length <= DECISION_LINES_MAX, `${path} is too long`);
    assert.ok(index.includes(`(${path.split('/').at(-1)})`), `${path} is not in the index`);
  }
});

test('README is short, and has its two commands', () => {
  const { text } = pageAt('README.md');
  assert.ok(text.split('\n').length <= README_LINES_MAX);
  for (const command of ['npm install && npm start', 'npm install && npm test']) {
    assert.ok(text.includes(`\`\`\`sh\n${command}\n\`\`\``), command);
  }
});

test('docs/README.md links to every page', () => {
  const { text } = pageAt('docs/README.md');
  const missing = pages
    .map(({ path }) => path)
    .filter((path) => /^docs\/(?!decisions\/\d|README)/.test(path))
    .filter((path) => !text.includes(`(${path.slice('docs/'.length)})`));
  assert.deepEqual(missing, []);
});

test('pages and code speak of the product only', () => {
  const sources = globSync(
    '{contracts,platform,services,dev,harness,bench,test,client,cli,console}/**/*.{ts,tsx,sql}',
    { cwd: ROOT },
  ).map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
  // Spelled in parts, so that this file is not found.
  const foreign = new RegExp(
    [
      '[Dd]esign ',
      'sections? \\d|[Rr]eliability ',
      '(section )?\\d\\b|/work',
      '/(shared|trees)',
    ].join(''),
  );
  const found = [...pages, ...sources].filter(({ text }) => foreign.test(text));
  assert.deepEqual(
    found.map(({ path }) => path),
    [],
  );
});

test('every page that code names exists', () => {
  const sources = globSync(
    '{contracts,platform,services,dev,harness,bench,test,client,cli,console}/**/*.{ts,tsx,sql}',
    { cwd: ROOT },
  ).filter((path) => path !== join('test', 'docs.test.ts'));
  const lost = sources.flatMap((path) =>
    [...readFileSync(join(ROOT, path), 'utf8').matchAll(/\bdocs\/[\w/-]+\.md/g)]
      .filter(([page]) => !existsSync(join(ROOT, page)))
      .map(([page]) => `${path} names ${page}`),
  );
  assert.deepEqual(lost, []);
});

test('the pages never end processes by a broad name', () => {
  for (const { path, text } of pages) assert.doesNotMatch(text, /\b(pkill|killall)\b/, path);
});

test('docs/reference/api.md has every problem code with its status, and every customer path', () => {
  const { text } = pageAt('docs/reference/api.md');
  const listed = [...text.matchAll(/^\| (\d{3}) \| `([a-z-]+)` \|/gm)];
  assert.deepEqual(Object.fromEntries(listed.map(([, status, code]) => [code, Number(status)])), {
    ...problemStatuses,
  });
  const published = join(ROOT, 'contracts', 'published', 'gateway.openapi.json');
  const { paths } = JSON.parse(readFileSync(published, 'utf8')) as { paths: object };
  for (const path of Object.keys(paths).filter((one) => !one.startsWith('/v1/operator/'))) {
    assert.ok(text.includes(path), path);
  }
});

test('blocks that can be run are collected, with the statuses of their comments', () => {
  const found = pages.flatMap(runnablesOf);
  assert.deepEqual(
    [...new Set(found.map(({ page }) => page))],
    ['README.md', 'docs/tutorials/break-it.md', 'docs/tutorials/first-orders.md'],
  );
  assert.equal(found.filter(({ kills }) => kills).length, 1);
  const text =
    '```sh runnable\n# 201 Made, "ok":true.\ncurl x\n# no status\n```\n```sh\n# 400 Not run.\n```';
  const [block, ...more] = runnablesOf({ path: 'a.md', text });
  assert.deepEqual(block?.statuses, [201]);
  assert.deepEqual(block?.members, ['"ok":true']);
  assert.deepEqual(more, []);
});
