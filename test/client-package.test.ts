import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { buildClient } from '#dev/client/build.ts';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { startTestSystem, type TestSystem } from '#harness/system/system.ts';

// The built package, as others use it: in Node, in a browser, by the compiler and by the guide.

const ROOT = join(import.meta.dirname, '..');
const GUIDE = join(ROOT, 'docs', 'how-to', 'use-the-client.md');
const run = promisify(execFile);

/** Of the person who runs the tests, where it is another version than that of the tests. */
const OLD_NODE = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find((node) => /^v20\./.test(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? ''));

let folder: string;
let built: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orderbell-client-'));
  built = join(folder, 'built');
  await buildClient(built);
  await mkdir(join(folder, 'node_modules', '@orderbell'), { recursive: true });
  await symlink(built, join(folder, 'node_modules', '@orderbell', 'client'));
});

after(() => rm(folder, { recursive: true, force: true }));

/** The program that the blocks of the guide make, and what it prints according to its comments. */
async function guide(email: string, url: string): Promise<{ program: string; printed: string[] }> {
  const text = await readFile(GUIDE, 'utf8');
  const blocks = [...text.matchAll(/^```js runnable\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  assert.ok(blocks.length >= 5, 'the blocks of the guide were not found');
  const program = blocks
    .join('')
    .replace('anna@example.com', email)
    .replace('http://127.0.0.1:8080', url);
  const printed = [...program.matchAll(/console\.log\(.*; \/\/ (.*)$/gm)].map(
    ([, line]) => line ?? '',
  );
  return { program, printed };
}

/** Runs the guide's program by a Node. */
async function runGuide(node: string, email: string, { url }: TestSystem): Promise<void> {
  const { program, printed } = await guide(email, url);
  const file = join(folder, `${email}.mjs`);
  await writeFile(file, program);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await run(node, [file], { env });
  assert.deepEqual(stdout.trimEnd().split('\n'), printed);
}

test('the built client does what its guide says', async (t) => {
  const system = await startTestSystem(t);
  await t.test('in the Node of this project', () =>
    runGuide(process.execPath, 'one@example.com', system),
  );
  await t.test('in Node 20', { skip: OLD_NODE === undefined && 'there is no Node 20' }, () =>
    runGuide(OLD_NODE ?? '', 'two@example.com', system),
  );
  await t.test(
    'in a browser, as modules that nothing has bundled',
    {
      skip: skipWithoutChromium,
    },
    (t) => orderInBrowser(t, system),
  );
});

async function orderInBrowser(t: TestContext, system: TestSystem): Promise<void> {
  const anna = await system.customer({ topUp: 50_000 });
  const browser = await startBrowser(t, system.url);
  const { page, context } = await browser.openPage(t);
  await context.route('**/built/**', async (route) => {
    const path = new URL(route.request().url()).pathname;
    const body = await readFile(join(folder, path), 'utf8');
    await route.fulfill({ contentType: 'text/javascript', body });
  });
  await page.goto('/');
  const found = await page.evaluate(`(async () => {
    const { createClient } = await import('/built/client/client.js');
    const client = createClient({ baseUrl: '', accessToken: ${JSON.stringify(anna.token)} });
    const unitPrice = { amount: 10_000, currency: 'RUB' };
    const order = await client.placeOrder({ items: [{ name: 'Tea', quantity: 1, unitPrice }] });
    const { state } = await client.waitForLetter(order.id);
    const views = [];
    for await (const { complete } of client.watchJourney(order.id)) views.push(complete);
    return [order.status, state, views.at(-1)];
  })()`);
  assert.deepEqual(found, ['Paid', 'sent', true]);
}

test('the package has what npm needs, and declarations that compile without other packages', async () => {
  const manifest = JSON.parse(await readFile(join(built, 'package.json'), 'utf8'));
  const root = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  assert.deepEqual(
    [manifest.name, manifest.version, manifest.license, manifest.dependencies],
    ['@orderbell/client', root.version, root.license, undefined],
  );
  for (const file of ['README.md', 'LICENSE']) await readFile(join(built, file));
  await compile(
    'use',
    `import { createClient, type Order } from '@orderbell/client';
const client = createClient({ baseUrl: 'https://shop.example' });
export const order: Order = (await client.call('readOrder', { params: { orderId: 'x' } })).body;
// @ts-expect-error: no such operation
await client.call('readOder');
`,
  );
});

test('a program that uses the client and the event kit compiles', async () => {
  await compile(
    'use-both',
    `import { createClient, type Journey } from '@orderbell/client';
import { type ConsumeOptions, createInbox, type InboxPool, readEvent, REPEATED } from
  '@orderbell/client/events';
declare const pool: InboxPool;
const client = createClient({ baseUrl: 'https://shop.example' });
const event = readEvent({ headers: { ce_id: 'x' }, value: '{}' });
if (event.kind === 'event') {
  const { orderId } = event.data;
  const shown = await createInbox(pool).once(event.id, async () =>
    (await client.call('readJourney', { params: { orderId } })).body);
  if (shown !== REPEATED) shown satisfies Journey;
  // @ts-expect-error: no such member
  event.data.oderId;
}
export const options: ConsumeOptions = {
  brokers: ['127.0.0.1:9092'],
  groupId: 'shop',
  handler: async ({ data }) => console.log(data.status),
};
`,
    // The kit is for Node, and names types of an optional library.
    { types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')], skipLibCheck: true },
  );
});

/** Compiles a program of somebody who has installed nothing but the client. */
async function compile(name: string, program: string, more: object = {}): Promise<void> {
  const use = join(folder, name);
  await mkdir(use);
  const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2023', types: [] };
  const compilerOptions = { ...options, lib: ['es2023', 'esnext.disposable', 'dom'], ...more };
  await writeFile(join(use, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['.'] }));
  await writeFile(join(use, 'use.mts'), program);
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', use], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
}

const EVENTS = `import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { consumeOrders, createInbox, readEvent } from '@orderbell/client/events';

const { headers, value } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const event = readEvent({ headers, value });
const said = [];
const tx = { query: async (text) => (said.push(text), { rows: [{}], rowCount: 1 }), release() {} };
const inbox = createInbox({ connect: async () => tx });
assert.equal(await inbox.once(event.id, async () => 'done'), 'done');
assert.ok(said.includes('begin') && said.includes('commit'), said.join());
const wanted = { brokers: ['127.0.0.1:1'], groupId: 'shop', handler: async () => {} };
await assert.rejects(consumeOrders(wanted), /npm install @platformatic.kafka/);
const file = createRequire(import.meta.url).resolve('@orderbell/client/order-update-message.schema.json');
console.log(event.kind, event.data.status, JSON.parse(readFileSync(file, 'utf8')).title);
`;

for (const [name, node] of [
  ['the Node of this project', process.execPath],
  ['Node 20', OLD_NODE],
] as const) {
  const skip = node === undefined && 'there is no Node 20';
  test(`the event kit reads events without the library of Kafka, in ${name}`, {
    skip,
  }, async () => {
    const file = join(folder, 'events.mjs');
    await writeFile(file, EVENTS);
    const { NODE_OPTIONS: _, ...env } = process.env;
    const message = join(ROOT, 'contracts', 'corpus', 'v1-paid.json');
    const { stdout } = await run(node ?? '', [file, message], { env });
    assert.equal(stdout, 'event Paid OrderUpdateMessage\n');
  });
}

test('the library of Kafka is an optional peer of the package', async () => {
  const manifest = JSON.parse(await readFile(join(built, 'package.json'), 'utf8'));
  const names = ['.', './events', './order-update-message.schema.json', './package.json'];
  assert.deepEqual(Object.keys(manifest.exports), names);
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const kafka = '@platformatic/kafka';
  assert.deepEqual(manifest.peerDependencies, { [kafka]: `^${dependencies[kafka]}` });
  assert.deepEqual(manifest.peerDependenciesMeta, { [kafka]: { optional: true } });
});
