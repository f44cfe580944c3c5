import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError } from '#platform/errors.ts';
import { print, printError } from '#platform/telemetry/print.ts';
import { HOSTILE_LOADS } from './loads/hostile/hostile-loads.ts';
import { type Measured, measure } from './loads/measure.ts';
import { readOptions, USAGE } from './loads/options.ts';
import { failedOrders, isSlow, tableLines } from './loads/report.ts';
import { otherTarget, startTarget } from './loads/target.ts';
import { startLoad } from './speed/load/load-process.ts';
import { createResources } from './speed/set-ups/set-up.ts';

// `npm run loads`: a paced customer while others try to stop the system. Prints a table. Exit code 1
// where an order of that customer failed, 2 on wrong arguments, 130 when interrupted.

const options = readOptionsOrExit();
const resources = createResources();
const interrupted = Promise.withResolvers<never>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interrupted.reject(signal));
}
const folder = await mkdtemp(join(tmpdir(), 'orderbell-loads-'));
try {
  process.exitCode = await Promise.race([measureAll(), interrupted.promise]);
} catch (error) {
  if (typeof error !== 'string') printError(describeError(error));
  process.exitCode = typeof error === 'string' ? 130 : 1;
} finally {
  process.on('uncaughtException', () => {});
  await resources.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
// Interrupted work may keep the process alive.
process.exit();

function readOptionsOrExit() {
  try {
    return readOptions();
  } catch (error) {
    printError(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** @returns the exit code */
async function measureAll(): Promise<number> {
  const { names, url, seconds, rate, strict } = options;
  const load = await resources.add(startLoad());
  const all: Measured[] = [];
  for (const hostile of HOSTILE_LOADS.filter(({ name }) => names.includes(name))) {
    print(`# ${hostile.name}: ${hostile.title}`);
    // Of its own for each load: none is measured with what another has left.
    const target = await resources.add(url === undefined ? startTarget() : otherTarget(url));
    all.push(await measure(hostile, { target, load, folder, seconds, rate }));
    await target.close();
    for (const line of tableLines(all.slice(-1)).slice(2)) print(line);
  }
  print(`\n${rate} orders a second for ${seconds} s, ${cpus().length} cores.\n`);
  for (const line of tableLines(all)) print(line);
  const failed = all.filter((measured) => failedOrders(measured) > 0);
  const slow = all.filter(isSlow);
  const namesOf = (some: Measured[]) => some.map(({ load: { name } }) => name).join(', ');
  if (failed.length > 0) print(`\nOrders failed under: ${namesOf(failed)}`);
  if (slow.length > 0) print(`\nOver twice the calm p99: ${namesOf(slow)}`);
  return failed.length > 0 || (strict && slow.length > 0) ? 1 : 0;
}
