import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { test } from 'node:test';
import { importRules, invariantFaults, roomCircles } from './import-rules.ts';
import { importsOf, type SourceFile } from './imports.ts';
import { textRules } from './text-rules.ts';

const rules = { ...importRules, ...textRules };

const root = resolve(import.meta.dirname, '..');
const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7'];

function readIfThere(path: string): string | undefined {
  const file = resolve(root, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

const sources: SourceFile[] = globSync(
  '{contracts,platform,services,dev,bench,harness,test,client,cli,console}/**/*.{ts,tsx}',
  { cwd: root },
).map((name) => {
  const path = name.split(sep).join('/');
  return { path, text: readIfThere(path) ?? '' };
});

test('the sources of every folder are looked at', () => {
  for (const path of ['cli/orderbell.ts', 'console/main.tsx', 'harness/system/system.ts']) {
    assert.ok(
      sources.some((source) => source.path === path),
      path,
    );
  }
});

for (const [name, rule] of Object.entries(rules)) {
  test(`every source keeps the rule ${name}`, () => {
    assert.ok(sources.length > 50, 'the sources were not found');
    assert.deepEqual(sources.flatMap(rule), []);
  });
}

test('no two folders need each other', () => {
  assert.deepEqual(roomCircles(sources), []);
  const a = { path: 'x/a/one.ts', text: "import '../b/two.ts';" };
  const b = { path: 'x/b/two.ts', text: "import '../a/three.ts';" };
  assert.equal(roomCircles([a, b]).length, 2);
  assert.deepEqual(roomCircles([a, { ...b, text: "import './four.ts';" }]), []);
});

test('every invariant of ARCHITECTURE.md names a test that mentions it', () => {
  const page = readIfThere('ARCHITECTURE.md');
  assert.ok(
    page !== undefined,
    'there is no ARCHITECTURE.md: write it, with a row `| I1 … | … | `path` |` per invariant',
  );
  assert.deepEqual(invariantFaults(page, INVARIANTS, readIfThere), []);
});

test('no function has more than 70 lines and no file more than 300, tests aside', () => {
  const biome = resolve(root, 'node_modules', '.bin', 'biome');
  const rules = ['complexity/noExcessiveLinesPerFunction', 'style/noExcessiveLinesPerFile'];
  const lint = (...paths: string[]) =>
    spawnSync(biome, ['lint', ...rules.map((rule) => `--only=${rule}`), ...paths], {
      cwd: root,
      encoding: 'utf8',
    });
  const { status, stderr } = lint('.');
  assert.equal(status, 0, stderr);
  // Where no other test looks for code: it would read the file while this one removes it.
  const long = resolve(root, 'docs', 'too-long.ts');
  writeFileSync(long, `export function long() {\n${'  void 0;\n'.repeat(301)}}\n`);
  const broken = lint(long);
  rmSync(long);
  for (const rule of rules) assert.ok(broken.stderr.includes(rule), broken.stderr);
});

/** One source that breaks a rule and one that is like it but keeps it. */
const examples: [rule: string, path: string, broken: string, kept: string][] = [
  ['ownFolderOnly', 'platform/a.ts', "import '#contracts/orders.ts';", "import './b.ts';"],
  ['ownFolderOnly', 'platform/a.ts', "import '#platform/b.ts';", "import 'node:fs';"],
  ['ownFolderOnly', 'platform/b/a.ts', "export * from '../../dev/x.ts';", "import '../x.ts';"],
  ['ownFolderOnly', 'contracts/a.ts', "import { x } from '../platform/x.ts';", "import 'typebox';"],
  [
    'ownFolderOnly',
    'platform/a.test.ts',
    "import '#services/orders/lifecycle/store.ts';",
    "import '#harness/database.ts';",
  ],
  [
    'noOtherService',
    'services/orders/a.ts',
    "import { x } from '#services/billing/ledger/store.ts';",
    "import { x } from './store.ts';",
  ],
  [
    'noOtherService',
    'services/orders/a.ts',
    "const x = await import('../billing/store.ts');",
    "const x = await import('./x.ts');",
  ],
  [
    'noOtherService',
    'services/orders/a.ts',
    "import type { X } from '#dev/system/system.ts';",
    "import type { X } from '#contracts/orders.ts';",
  ],
  [
    'noOtherService',
    'services/orders/a.test.ts',
    "import '../billing/store.ts';",
    "import '#harness/database.ts';\nimport '#dev/system/secrets.ts';",
  ],
  [
    'clientOfTheApi',
    'cli/a.ts',
    "import { Money } from '#platform/money.ts';",
    "import { Command } from 'commander';\nimport 'node:fs';\nimport { x } from '#contracts/x.ts';",
  ],
  ['clientOfTheApi', 'cli/a.ts', "import '../dev/system/system.ts';", "import './b.ts';"],
  [
    'clientOfTheApi',
    'cli/a.test.ts',
    "import '#services/orders/lifecycle/store.ts';",
    "import '#harness/system/system.ts';\nimport '#dev/system.ts';",
  ],
  ['clientStandsAlone', 'client/events/a.ts', "import 'typebox';", "import './b.ts';"],
  [
    'clientStandsAlone',
    'client/events/a.ts',
    "import { backoffMs } from '#platform/async/backoff.ts';",
    "import { Admin } from '@platformatic/kafka';\nimport 'node:net';",
  ],
  [
    'consoleStandsAlone',
    'console/pages/a.tsx',
    "import { Money } from '#contracts/common.ts';",
    "import type {\n  Money,\n} from '#contracts/common.ts';\nimport { h } from 'preact';",
  ],
  [
    'fitForBrowsers',
    'contracts/answers.ts',
    "import { Type } from 'typebox';",
    "import { money } from './answer-shapes.ts';",
  ],
  [
    'consoleStandsAlone',
    'console/a.ts',
    "import { x } from '#contracts/common.ts';",
    "import { parseAmount } from '#contracts/amounts.ts';",
  ],
  [
    'consoleStandsAlone',
    'console/a.ts',
    "import type { X } from '#platform/x.ts';",
    "import type { X } from './x.ts';",
  ],
  [
    'consoleStandsAlone',
    'console/pages/a.tsx',
    "import { x } from '../../cli/x.ts';",
    "import { x } from '../x.ts';",
  ],
  [
    'consoleStandsAlone',
    'console/a.ts',
    "import { readFile } from 'node:fs';\nimport type { X } from '#contracts/x.ts';",
    "import './a.css';",
  ],
  [
    'clientStandsAlone',
    'client/a.ts',
    "import { x } from '../contracts/common.ts';",
    "import { x } from '../contracts/answers.ts';\nimport { y } from './generated/types.ts';",
  ],
  ['clientStandsAlone', 'client/a.ts', "import '#contracts/answers.ts';", "import './b.ts';"],
  ['clientStandsAlone', 'client/a.ts', "import 'node:fs';", "import './b.ts';"],
  ['clientStandsAlone', 'client/a.ts', "import './events/a.ts';", "import './b.ts';"],
  [
    'clientStandsAlone',
    'client/events/a.ts',
    "import '../client.ts';",
    "import { Consumer } from '@platformatic/kafka';\nimport 'node:tls';\nimport './b.ts';",
  ],
  ['clientOfTheApi', 'cli/a.ts', "import '#client/send.ts';", "import '#client/client.ts';"],
  [
    'consoleStandsAlone',
    'console/a.ts',
    "import '#client/repeat.ts';",
    "import { createClient } from '#client/client.ts';",
  ],
  [
    'modelsStandAlone',
    'test/models/a.ts',
    "import { placeOrder } from '#services/gateway/orders/place-order.ts';",
    "import { explore } from './explore.ts';",
  ],
  [
    'servicesByTheirEntrance',
    'dev/a.ts',
    "import '#services/orders/lifecycle/store.ts';",
    "import '#services/orders/service.ts';",
  ],
  [
    'onlyCallersCall',
    'services/billing/a.ts',
    "import {\n  createHttpClient,\n} from '#platform/http/client.ts';",
    "import '#platform/http/server.ts';",
  ],
  ['onlyCallersCall', 'services/orders/a.ts', "import { Pool } from 'undici';", "import 'pg';"],
  [
    'onlyBrokerUsersPublish',
    'services/gateway/a.ts',
    "import type { Broker } from '#platform/broker/port/broker.ts';",
    "import '#platform/http/client.ts';",
  ],
  [
    'onlyBrokerUsersPublish',
    'services/billing/a.ts',
    "import { startRelay } from '#platform/messaging/outbox-relay.ts';",
    "import '#platform/postgres/database.ts';",
  ],
  [
    'onlyOrdersPublish',
    'services/loyalty/a.ts',
    "import { startRelay } from '#platform/messaging/outbox-relay.ts';",
    "import '#platform/messaging/consumer/consumer.ts';",
  ],
  [
    'sqlInStores',
    'services/orders/lifecycle/order-routes.ts',
    "await database.query<Row>('select id from orders');",
    "ready: () => database.query('select 1'),",
  ],
  [
    'harnessBelowTests',
    'dev/a.ts',
    "import '#harness/database.ts';",
    "import '#platform/http/server.ts';",
  ],
  ['harnessBelowTests', 'harness/a.ts', "import '../bench/speed.ts';", "import './database.ts';"],
  ['printedInOnePlace', 'cli/a.ts', 'process.stderr.write(text);', 'printError(text);'],
  ['printedInOnePlace', 'bench/a.ts', 'console.log(line)', 'print(line)'],
  ...["'203.0.113.7' === request.ip", "headers['x-forwarded-host']", 'socket.remoteAddress'].map(
    (broken): [string, string, string, string] => [
      'clientAddressInOnePlace',
      'services/gateway/a.ts',
      broken,
      'clientAddressOf(request)',
    ],
  ),
];

for (const [rule, path, broken, kept] of examples) {
  test(`the rule ${rule} refuses ${broken.trim().split('\n').at(-1)}`, () => {
    const check = rules[rule];
    assert.ok(check);
    const [fault, ...more] = check({ path, text: broken });
    assert.match(fault ?? 'nothing was found', new RegExp(`^${path} .+: .{10}`, 's'));
    assert.deepEqual(more, []);
    assert.deepEqual(check({ path, text: kept }), []);
  });
}

test('every rule has an example that breaks it', () => {
  assert.deepEqual(new Set(examples.map(([rule]) => rule)), new Set(Object.keys(rules)));
});

test('a store may send SQL, a service with one of the rights may use it', () => {
  const sql = "await db.query('select id from orders')";
  const fine: SourceFile[] = [
    { path: 'services/orders/lifecycle/store.ts', text: sql },
    { path: 'services/notifications/letter-store.ts', text: sql },
    { path: 'services/orders/lifecycle/store.test.ts', text: sql },
    {
      path: 'services/gateway/context/service-clients.ts',
      text: "import '#platform/http/client.ts'",
    },
    { path: 'services/orders/service.ts', text: "import '#platform/messaging/outbox-relay.ts'" },
  ];
  for (const rule of Object.values(rules)) assert.deepEqual(fine.flatMap(rule), []);
});

test('imports are found in every form', () => {
  const text = `
    import 'a';
    import b from "b";
    import type { C } from 'c';
    import {
      d,
    } from 'd';
    export * from 'e';
    export { f } from 'f';
    const g = await import('g');
    const here = new URL('not-this', import.meta.url);
  `;
  assert.deepEqual(importsOf(text), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
});

test('an invariant without row, test, file or mention is reported', () => {
  const page =
    '| I1 once | key | `a.test.ts` |\n| **I2** x | y | nothing |\n| I3 | y | `c.test.ts` |';
  const files: Record<string, string> = { 'a.test.ts': "test('I1: once')" };
  const faults = (text: string) => invariantFaults(text, ['I1', 'I2', 'I3', 'I4'], (p) => files[p]);
  const [noTest, noFile, noRow, ...more] = faults(page);
  assert.match(noTest ?? '', /no test of I2/);
  assert.match(noFile ?? '', /I3: there is no c\.test\.ts/);
  assert.match(noRow ?? '', /no row `\| I4/);
  assert.deepEqual(more, []);
  files['a.test.ts'] = "test('I10: something else')";
  assert.match(faults(page)[0] ?? '', /a\.test\.ts does not mention I1/);
});
