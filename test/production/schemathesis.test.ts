import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startTestSystem, type TestSystem } from '#harness/system/system.ts';
import { findTool, skipWithout } from '#harness/system/tools.ts';
import { createCredentials } from '#platform/http/service-token.ts';

// Requests that schemathesis generates from each OpenAPI document, for each role that may call it.
// The documents may promise nothing that the services break, and generated input finds no defect.

const ROOT = join(import.meta.dirname, '..', '..');
/** `SCHEMATHESIS_SEED=<number>` generates other requests. */
const SEED = process.env.SCHEMATHESIS_SEED ?? '20261129';
/** Of each operation and each kind of input. */
const EXAMPLES = 8;
// All runs together. Each has an equal share of the time that is left, so that a slow machine sends
// fewer requests to each service, but some to all. `SCHEMATHESIS_SECONDS=<number>` is for a long run.
const TIMEOUT_MS = Number(process.env.SCHEMATHESIS_SECONDS ?? 180) * 1_000;

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  // Not unsupported_method: `GET /letters/resend` is the letter `resend` (server.test.ts has methods).
];

/** They may end the token of their run, so a customer of its own makes these requests. */
const ENDING_THE_TOKEN = ['signOut', 'eraseAccount', 'changePassword'];

interface Run {
  name: string;
  service: string;
  authorization: string | undefined;
  /** Operations that this role may call; all others are for another run. */
  filter?: string[];
}

/** Operations that notifications may call, and the gateway may not. */
const OF_PROFILES = ['lookUpContacts', 'findConfirmedAddresses'];
const OF_ORDERS = ['lookUpItems'];
const FOR_NOTIFICATIONS = [...OF_PROFILES, ...OF_ORDERS];

async function runsOf(system: TestSystem): Promise<Run[]> {
  const customer = await system.customer({ topUp: 1_000_000 });
  const leaving = await system.customer();
  const operator = await system.operator();
  const { gatewayKey, notificationsKey } = system.secrets;
  const gateway = await createCredentials('gateway', gatewayKey);
  const notifications = await createCredentials('notifications', notificationsKey);
  const internal = async (service: string): Promise<Run> => ({
    name: `${service} as the gateway`,
    service,
    authorization: await gateway(service),
    filter: FOR_NOTIFICATIONS.map((id) => `--exclude-operation-id=${id}`),
  });
  return [
    {
      name: 'gateway as anybody',
      service: 'gateway',
      authorization: undefined,
    },
    {
      name: 'gateway as a customer',
      service: 'gateway',
      authorization: `Bearer ${customer.token}`,
      filter: [
        '--exclude-tag=operator',
        ...ENDING_THE_TOKEN.map((id) => `--exclude-operation-id=${id}`),
      ],
    },
    {
      name: 'gateway as a customer who leaves',
      service: 'gateway',
      authorization: `Bearer ${leaving.token}`,
      filter: ENDING_THE_TOKEN.map((id) => `--include-operation-id=${id}`),
    },
    {
      name: 'gateway as an operator',
      service: 'gateway',
      authorization: `Bearer ${operator.token}`,
      filter: ['--include-tag=operator'],
    },
    ...(await Promise.all(
      ['orders', 'billing', 'profiles', 'notifications', 'identity'].map(internal),
    )),
    {
      name: 'profiles as notifications',
      service: 'profiles',
      authorization: await notifications('profiles'),
      filter: OF_PROFILES.map((id) => `--include-operation-id=${id}`),
    },
    {
      name: 'orders as notifications',
      service: 'orders',
      authorization: await notifications('orders'),
      filter: OF_ORDERS.map((id) => `--include-operation-id=${id}`),
    },
  ];
}

type Operations = Record<string, { security?: unknown[] }>;

/**
 * The document of a service, in a form that requests can be generated from in time: a regular
 * expression with a look-ahead takes minutes.
 */
async function writeDocument({ service, authorization }: Run, folder: string): Promise<string> {
  const published = join(ROOT, 'contracts', 'published', `${service}.openapi.json`);
  const document = JSON.parse(await readFile(published, 'utf8'), (_, value) => {
    if (typeof value?.pattern !== 'string' || !value.pattern.startsWith('^(?=')) return value;
    const { pattern, ...schema } = value;
    return pattern.includes('@') ? { ...schema, format: 'email' } : schema;
  });
  for (const operations of Object.values(document.paths as Record<string, Operations>)) {
    for (const [method, { security }] of Object.entries(operations)) {
      // Without a token every other one answers 401 (authorization.test.ts).
      if (authorization === undefined && security?.length !== 0) delete operations[method];
    }
  }
  const file = join(folder, 'openapi.json');
  await writeFile(file, JSON.stringify(document));
  return file;
}

/** @returns how it ended and its report; it is interrupted after `timeoutMs`, and reports so far */
async function runSchemathesis(t: TestContext, url: string, run: Run, timeoutMs: number) {
  const { authorization, filter = [] } = run;
  // It keeps files of its own in the folder where it runs.
  const cwd = await mkdtemp(join(tmpdir(), 'orderbell-schemathesis-'));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  const args = [
    '--no-color',
    'run',
    await writeDocument(run, cwd),
    `--url=${url}`,
    `--checks=${CHECKS.join(',')}`,
    '--phases=coverage,fuzzing',
    `--max-examples=${EXAMPLES}`,
    `--seed=${SEED}`,
    '--generation-database=none',
    '--no-shrink',
    '--suppress-health-check=all',
    '--request-timeout=10',
    '--warnings=off',
    // A batch of calls that are generated too is a document of its own.
    '--exclude-operation-id=callTogether',
    ...(authorization === undefined ? [] : ['--header', `Authorization: ${authorization}`]),
    ...filter,
  ];
  const child = spawn(findTool('schemathesis') as string, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGINT',
  });
  let report = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      report += text;
    });
  }
  await once(child, 'close');
  return { interrupted: child.killed, code: child.exitCode, report };
}

test('generated requests find no defect, and no answer that its document does not describe', {
  skip: skipWithout('schemathesis'),
}, async (t) => {
  const system = await startTestSystem(t);
  const runs = await runsOf(system);
  const deadline = performance.now() + TIMEOUT_MS;
  for (const [index, run] of runs.entries()) {
    await t.test(run.name, async (t) => {
      const [url = ''] = system.urlsOf(run.service);
      const timeoutMs = Math.ceil((deadline - performance.now()) / (runs.length - index));
      const { interrupted, code, report } = await runSchemathesis(t, url, run, timeoutMs);
      assert.doesNotMatch(report, /= (FAILURES|ERRORS) =/, report);
      if (interrupted) return t.diagnostic('interrupted: this machine is slow');
      assert.equal(code, 0, report);
      // A run that sends nothing passes too.
      assert.match(report, /[1-9]\d* generated, /, report);
    });
  }
});
