import { createInterface } from 'node:readline';
import { print } from '#platform/telemetry/print.ts';
import { printableJson } from '#platform/values/printable.ts';
import { installFastClock } from './fast-clock.ts';
import type { FaultCommand } from './faults.ts';
import type { PartsOptions } from './parts.ts';

// The process of one system of the test kit. It takes requests on standard input and answers on
// standard output, a JSON line each, and ends when its input does: with the process of the test,
// also when that was killed.

/** A request of the test's process (process.ts). */
export type KitRequest = { id: number } & (
  | { do: 'start'; options: PartsOptions }
  | { do: 'advance'; ms: number }
  | { do: 'fault'; fault: FaultCommand }
);

export type KitAnswer = { id: number } & ({ done: unknown } | { failed: string });

// After a stop that hangs. The product's own stop takes 10 s at most.
const END_MS = 15_000;

const clock = installFastClock();
const open = new AsyncDisposableStack();
let parts: Awaited<ReturnType<typeof import('./parts.ts').startParts>> | undefined;
let starting: Promise<unknown> = Promise.resolve();
let ending = false;

async function perform(request: KitRequest): Promise<unknown> {
  if (request.do === 'start') {
    // After the clock: what is loaded now finds only the new one.
    const [{ startParts }, { removeOrphans }] = await Promise.all([
      import('./parts.ts'),
      import('./leftovers.ts'),
    ]);
    // Both end before a stop begins. What others have left does not keep this one from starting.
    const orphans = removeOrphans().catch(() => {});
    try {
      parts = await startParts(open, request.options);
    } finally {
      await orphans;
    }
    const { url, mailboxUrl, operator } = parts;
    return { url, mailboxUrl, operator };
  }
  if (parts === undefined) throw new Error('it has not started');
  if (request.do === 'fault') return parts.links.apply(request.fault);
  await parts.advanceDatabases(request.ms);
  return clock.advance(request.ms);
}

function answer(text: KitAnswer): void {
  print(printableJson(JSON.stringify(text)));
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(1), END_MS).unref();
  await starting.catch(() => {});
  await open.disposeAsync();
  process.exit(0);
}

// Its reader may be gone.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const request = JSON.parse(line) as KitRequest;
    const { id } = request;
    const work = perform(request);
    if (request.do === 'start') starting = work;
    work.then(
      (done) => answer({ id, done }),
      (error: Error) => answer({ id, failed: error.stack ?? String(error) }),
    );
  })
  .on('close', () => void end());
