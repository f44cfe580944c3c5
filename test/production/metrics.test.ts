import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { SERVICES, SERVICES_WITH_DATABASE } from '#dev/system/services.ts';
import { eventually } from '#harness/eventually.ts';
import { readMetrics } from '#harness/metrics.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import { orderOf } from '#harness/system/system.ts';
import { findTool, skipWithout } from '#harness/system/tools.ts';
import { anchorsOf } from '../doc-pages.ts';

// Metrics, alert rules and the dashboard agree: what one names, the services serve.

const ROOT = resolve(import.meta.dirname, '..', '..');
const readText = (path: string) => readFile(join(ROOT, path), 'utf8');

/** Runs promtool. @returns its output; fails with it when promtool complains */
function promtool(args: string[], input = ''): string {
  const options = { cwd: ROOT, input, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(findTool('promtool') as string, args, options);
  assert.equal(status, 0, stdout + stderr);
  return stdout + stderr;
}

interface Served {
  type: string;
  labels: Set<string>;
  services: string[];
}

/** `/metrics` of each service, after orders that are paid and declined. */
async function scrapeAll(): Promise<Map<string, string>> {
  const system = await sharedTestSystem();
  const customer = await system.customer({ topUp: 150 });
  for (const status of [201, 406]) {
    const key = { 'idempotency-key': randomUUID() };
    const answer = await customer.call('POST', '/v1/orders', orderOf(100), key);
    assert.equal(answer.status, status);
  }
  const urls = SERVICES.map((name) => [name, system.urlsOf(name)[0] as string] as const);
  const { notifications = '' } = Object.fromEntries(urls);
  const sent = 'orderbell_letter_attempts_total{kind="grief",outcome="sent"}';
  await eventually('a letter', async () => ((await readMetrics(notifications))[sent] ?? 0) > 0);
  const texts = urls.map(async ([name, url]) => {
    const answer = await fetch(`${url}/metrics`);
    return [name, await answer.text()] as const;
  });
  return new Map(await Promise.all(texts));
}

/** The metrics in these texts, by name. */
function servedIn(texts: Map<string, string>): Map<string, Served> {
  const served = new Map<string, Served>();
  for (const [service, text] of texts) {
    for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
      const metric = served.get(name) ?? { type, labels: new Set(), services: [] };
      metric.services.push(service);
      served.set(name, metric);
      const series = new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} \\S+$`, 'gm');
      for (const [, labels = ''] of text.matchAll(series)) {
        for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) metric.labels.add(label);
      }
      metric.labels.delete('le');
    }
  }
  return served;
}

/** The names that a query may use. */
function namesOf(served: Map<string, Served>): Set<string> {
  const parts = (name: string) => ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`);
  return new Set([
    'up',
    ...[...served].flatMap(([name, { type }]) => (type === 'histogram' ? parts(name) : [name])),
  ]);
}

const KEYWORDS = ['and', 'or', 'unless', 'offset', 'bool'];

/** The metrics that a query names. */
function metricsIn(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replace(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, '')
    .replace(/\boffset\s+\w+/g, '');
  const words = bare.match(/(?<![\w.$])[a-zA-Z_:][\w:]*\b(?!\s*\()/g) ?? [];
  return words.filter((word) => !KEYWORDS.includes(word));
}

interface Alert {
  name: string;
  expression: string;
  text: string;
}

async function readAlerts(): Promise<Alert[]> {
  const [, ...rules] = (await readText('deploy/prometheus/alerts.yml')).split(/^ {6}- alert: /m);
  return rules.map((text) => ({
    name: /^\w+/.exec(text)?.[0] as string,
    // One line, or a block of indented lines.
    expression: /^ {8}expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)/m.exec(text)?.slice(1).join('') ?? '',
    text,
  }));
}

async function readExpressions(): Promise<string[]> {
  const dashboard = JSON.parse(await readText('deploy/grafana/orderbell.json'));
  const panels = dashboard.panels as { targets?: { expr: string }[] }[];
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}

test('promtool has no complaint about the metrics of any service', {
  skip: skipWithout('promtool'),
}, async () => {
  for (const text of (await scrapeAll()).values()) {
    assert.equal(promtool(['check', 'metrics'], text), '');
  }
});

test('docs/reference/metrics.md lists every metric as the services serve it', async () => {
  const page = await readText('docs/reference/metrics.md');
  const rows = page.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) ?\| ([\w ,]+) \| \S.*\|$/gm);
  const listed = new Map(
    [...rows].map(([, name = '', type, labels = '', of = '']) => [
      name,
      {
        type,
        labels: new Set([...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label as string)),
        services: servicesIn(of),
      },
    ]),
  );
  const served = servedIn(await scrapeAll());
  for (const [name, { type, labels, services }] of served) {
    const row = listed.get(name) ?? assert.fail(`${name} is not listed`);
    assert.deepEqual([row.type, row.services.sort()], [type, services.sort()], name);
    // Labels of a metric without a series so far cannot be seen.
    assert.deepEqual(labels.difference(row.labels), new Set(), name);
  }
  const absent = [...listed.keys()].filter((name) => !served.has(name));
  // Other systems than Linux lack some.
  assert.deepEqual(
    absent.filter((name) => !name.startsWith('process_')),
    [],
  );
});

function servicesIn(of: string): string[] {
  if (of === 'all') return [...SERVICES];
  return of === 'all with a database' ? [...SERVICES_WITH_DATABASE] : of.split(', ');
}

test('orders and payments are counted by their outcome', async () => {
  const before = await scrapeAll();
  const after = await scrapeAll();
  const read = (texts: Map<string, string>, service: string, series: string) =>
    Number(texts.get(service)?.split(`\n${series} `)[1]?.split('\n')[0]);
  const growthOf = (service: string, series: string) =>
    read(after, service, series) - read(before, service, series);
  for (const [service, series] of [
    ['gateway', 'orderbell_order_requests_total{outcome="paid"}'],
    ['gateway', 'orderbell_order_requests_total{outcome="declined"}'],
    ['billing', 'orderbell_payment_decisions_total{decision="captured"}'],
    ['billing', 'orderbell_payment_decisions_total{decision="declined"}'],
    ['gateway', 'http_server_request_duration_seconds_count{operation="placeOrder",status="406"}'],
    [
      'gateway',
      'http_client_request_duration_seconds_count{callee="billing",operation="decidePayment",status="406"}',
    ],
    [
      'billing',
      'http_server_request_duration_seconds_count{operation="decidePayment",status="406"}',
    ],
  ] as const) {
    assert.equal(growthOf(service, series), 1, series);
  }
  assert.equal(growthOf('gateway', 'orderbell_order_requests_total{outcome="error"}'), 0);
});

test('alerts and dashboard name metrics that the services serve', async () => {
  const names = namesOf(servedIn(await scrapeAll()));
  const alerts = await readAlerts();
  assert.ok(alerts.length >= 20, 'the alerts were not found');
  for (const { name, expression } of alerts) {
    const used = metricsIn(expression);
    assert.notEqual(used.length, 0, name);
    assert.deepEqual(
      used.filter((metric) => !names.has(metric)),
      [],
      name,
    );
  }
  const expressions = await readExpressions();
  assert.ok(expressions.length >= 20, 'the expressions of the dashboard were not found');
  for (const expression of expressions) {
    const used = metricsIn(expression);
    assert.notEqual(used.length, 0, expression);
    assert.deepEqual(
      used.filter((metric) => !names.has(metric)),
      [],
      expression,
    );
  }
});

test('the metrics of a query are found', () => {
  const query =
    'sum by (job, le) (rate(a_bucket{x="b_total"}[5m])) / c > 0.5 and d unless e offset 10m';
  assert.deepEqual(metricsIn(query), ['a_bucket', 'c', 'd', 'e']);
});

test('every alert says what it means, has a section in the runbook and a test', async () => {
  const sections = anchorsOf(await readText('docs/how-to/alerts.md'));
  const tests = await readText('deploy/prometheus/alerts.test.yml');
  const alerts = await readAlerts();
  for (const { name, text } of alerts) {
    assert.match(text, /^ {10}severity: (?:critical|warning)$/m, name);
    assert.match(text, /^ {10}summary: [A-Z].*\.$/m, name);
    assert.match(text, /^ {10}description: .*\.'?$/m, name);
    const [, anchor] = /^ {10}runbook_url: docs\/how-to\/alerts\.md#(\w+)$/m.exec(text) ?? [];
    assert.equal(anchor, name.toLowerCase());
    assert.ok(sections.has(anchor), name);
    assert.ok(tests.includes(`labels: '{alertname="${name}"}'`), `${name} has no test`);
  }
  const known = new Set(alerts.map(({ name }) => name.toLowerCase()));
  const stray = [...sections].filter((name) => name.startsWith('orderbell') && !known.has(name));
  assert.deepEqual(stray, [], 'sections without an alert');
});

test('promtool accepts the alert rules, and their tests pass', {
  skip: skipWithout('promtool'),
}, () => {
  promtool(['check', 'rules', 'deploy/prometheus/alerts.yml']);
  promtool(['test', 'rules', 'deploy/prometheus/alerts.test.yml']);
});

test('promtool accepts every expression of the dashboard', {
  skip: skipWithout('promtool'),
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-rules-'));
  t.after(() => rm(folder, { recursive: true }));
  const rules = (await readExpressions()).map((expression, index) => ({
    record: `panel:${index}`,
    expr: expression.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'orderbell.*'),
  }));
  const file = join(folder, 'rules.yml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  promtool(['check', 'rules', file]);
});
