import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { startIssuer } from './speed/issuer.ts';
import { startLoad } from './speed/load-process.ts';
import { createOpenings } from './speed/openings.ts';
import { readOptions, USAGE } from './speed/options.ts';
import { POINT_64, type Summary, summaryOf } from './speed/points.ts';
import { costTableOf, loadCostOf, tableOf } from './speed/report.ts';
import { measureSetUps, type SpeedResult } from './speed/run.ts';
import { DEFAULT, targetLines, targetsOf } from './speed/targets.ts';

// `npm run bench`: how fast orders and their letters are, beside what the database alone can do.
// Exit code 1 when the books disagree, 2 on wrong arguments, 130 when interrupted.

const HOME = join(import.meta.dirname, '..', '.orderbell');
const options = readOptionsOrExit();
const openings = createOpenings();
const interrupted = Promise.withResolvers<never>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interrupted.reject(signal));
}
const folder = await mkdtemp(join(tmpdir(), 'orderbell-speed-'));
// For root the database runs as another user, who must be able to enter.
await chmod(folder, 0o755);
try {
  process.exitCode = await Promise.race([measureAll(), interrupted.promise]);
} catch (error) {
  if (typeof error !== 'string') console.error(error);
  process.exitCode = typeof error === 'string' ? 130 : 1;
} finally {
  await openings.closeAll(console.error);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
// What was interrupted may still wait for something.
process.exit();

function readOptionsOrExit() {
  try {
    return readOptions();
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function measureAll(): Promise<number> {
  const run = {
    ...{ folder, home: HOME, openings, say: (line: string) => console.log(`# ${line}`) },
    issuer: await openings.add(startIssuer()),
    load: await openings.add(startLoad()),
  };
  const results = await measureSetUps(run, options);
  const breaches = results.flatMap(({ books }) => books.breaches);
  await writeJson(results);
  for (const line of linesOf(results)) console.log(line);
  return breaches.length === 0 ? 0 : 1;
}

function linesOf(results: SpeedResult[]): string[] {
  const in64 = results
    .find(({ name }) => name === DEFAULT)
    ?.results.find(({ point }) => point.name === POINT_64);
  return [
    ...['', ...tableOf(results), ''],
    ...results.flatMap((result) => [...costTableOf(result), '']),
    ...results.map(({ name, floorBy }) => `floor of ${name}: ${floorBy}`),
    ...results.flatMap(({ results: [first] }) => (first === undefined ? [] : [loadCostOf(first)])),
    ...results.map(
      ({ name, books: { orders, how, breaches } }) =>
        `books of ${name}: ${orders} orders, compared ${how}, ${breaches.length} breaches`,
    ),
    ...results.flatMap(({ books }) => books.breaches.map((breach) => `BREACH ${breach}`)),
    ...['', ...targetLines(targetsOf(results)), ''],
    `everything measured: ${relative(process.cwd(), options.json)}`,
    ...(in64 === undefined ? [] : ratioLines(summaryOf(in64))),
  ];
}

/** The last line is what others read. */
function ratioLines({ cpuRatio, lettersRatio }: Summary): string[] {
  return [`ratio by CPU time: ${cpuRatio.toFixed(2)}`, `ratio: ${lettersRatio.toFixed(2)}`];
}

async function writeJson(results: SpeedResult[]): Promise<void> {
  const [first] = cpus();
  const machine = {
    processors: cpus().length,
    model: first?.model,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  const document = { at: new Date().toISOString(), machine, options, results };
  await mkdir(dirname(options.json), { recursive: true });
  await writeFile(
    options.json,
    `${JSON.stringify({ ...document, targets: targetsOf(results) }, null, 2)}\n`,
  );
}
