import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { copyTree, perform, readSteps, type Step, stepsOf } from './recipe.ts';

// Each recipe of docs/how-to/ is performed in a copy of the tree: it keeps its promise about the
// number of files, and the changed system passes the recipe's own test and the general ones.

/** Runs a script of the copy. @throws AssertionError with what it printed, unless it ends with 0 */
function run(folder: string, ...args: string[]): void {
  const { TMPDIR, PATH, HOME, TEST_CHROMIUM } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env: { TMPDIR, PATH, HOME, TEST_CHROMIUM },
    encoding: 'utf8',
  });
  assert.equal(status, 0, `${args.join(' ')}:\n${stdout}\n${stderr}`);
}

async function performInCopy(t: TestContext, steps: Step[], tests: string[]): Promise<void> {
  const folder = await copyTree(t);
  await perform(folder, steps);
  run(folder, 'dev/run.cjs', 'dev/contracts.ts');
  run(folder, 'dev/run.cjs', 'dev/settings.ts');
  const typescript = join('node_modules', 'typescript', 'bin', 'tsc');
  run(folder, typescript, '--noEmit');
  run(folder, typescript, '--noEmit', '-p', 'console');
  const biome = join('node_modules', '@biomejs', 'biome', 'bin', 'biome');
  run(folder, biome, 'check', '--vcs-enabled=false', ...steps.map(({ path }) => path));
  const general = ['test/architecture.test.ts', 'test/settings.test.ts', 'dev/contracts.test.ts'];
  run(folder, 'dev/run.cjs', 'test/run.ts', ...general, ...tests);
}

const isTest = ({ path }: Step) => path.endsWith('.test.ts');
const pathsOf = (steps: Step[]) => [...new Set(steps.map(({ path }) => path))];

test('a field of an order takes eight files with its migration, and one test', async (t) => {
  const steps = readSteps('docs/how-to/add-an-order-field.md');
  const tests = pathsOf(steps.filter(isTest));
  assert.equal(tests.length, 1);
  assert.equal(pathsOf(steps).length - tests.length, 8);
  await performInCopy(t, steps, tests);
});

test('a consumer of the topic takes its folder, two files of business, and one line', async (t) => {
  const steps = readSteps('docs/how-to/add-a-consumer.md');
  const outside = steps.filter(({ path }) => !path.startsWith('services/loyalty/'));
  assert.deepEqual(outside.map(linesAdded), [['dev/system/services.ts', 1]]);
  const frame = /\/(?:main|migrate|service)\.ts$|\.sql$/;
  const business = steps.filter((step) => !outside.includes(step) && !isTest(step));
  assert.equal(business.filter(({ path }) => !frame.test(path)).length, 2);
  await performInCopy(t, steps, pathsOf(steps.filter(isTest)));
});

test('a service takes its folder, one entry in one list, and who may call it', async (t) => {
  const steps = readSteps('docs/how-to/add-a-service.md');
  const outside = steps.filter(({ path }) => !path.startsWith('services/ratings/'));
  assert.deepEqual(outside.map(linesAdded), [
    ['dev/system/services.ts', 1],
    ['test/authorization.ts', 1],
  ]);
  await performInCopy(t, steps, [
    ...pathsOf(steps.filter(isTest)),
    'test/service-processes.test.ts',
    'test/service-settings.test.ts',
  ]);
});

/** How many lines a step adds to a file that exists. */
function linesAdded({ path, replace = [] }: Step): [string, number] {
  const linesOf = (text: string) => text.split('\n').length;
  return [path, replace.reduce((sum, { from, to }) => sum + linesOf(to) - linesOf(from), 0)];
}

test('the steps of a page are its named blocks, in their order', () => {
  const page = [
    'Create `a/b.ts`:\n\n```ts\nconst a = 1;\n```\n',
    '```sh\nnpm test\n```\n',
    'In `c.ts`:\n\n```diff\n one\n-two\n+2\n@@\n+zero\n nine\n```\n',
  ].join('\n');
  assert.deepEqual(stepsOf(page), [
    { path: 'a/b.ts', create: 'const a = 1;\n' },
    {
      path: 'c.ts',
      replace: [
        { from: 'one\ntwo', to: 'one\n2' },
        { from: 'nine', to: 'zero\nnine' },
      ],
    },
  ]);
});
