import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { print, printError } from '#platform/telemetry/print.ts';
import { chosenPoints } from './prove/crash-points/crash-points.ts';
import { durationOf, planOf } from './prove/load/plan.ts';
import { newReport, tableOf, unfinishedOf } from './prove/report/report.ts';
import { prove } from './prove/run.ts';

// `npm run prove -- [--minutes 2] [--seed 7]`: kills everything and reconciles all data. Exit code 1
// on a violation or a fault of its own, 2 on wrong arguments, 130 when interrupted.

const USAGE = `npm run prove -- [options]
  --minutes N   load, first calm and then under faults (default 2; 0 runs the crash points only)
  --seed S      what chooses load and faults (default: a new one, which is printed)
  --points P    only crash points whose name contains P; may be repeated
  --embedded    on the embedded broker, also where Apache Kafka can run
  --single      one replica of each service instead of two`;

// The oracle compares everything in memory.
const MINUTES_MAX = 4 * 60;
// Calm load takes 8 s of them, and some faults must follow.
const MINUTES_MIN = 0.25;

function readArguments() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      points: { type: 'string', multiple: true, default: [] },
      embedded: { type: 'boolean', default: false },
      single: { type: 'boolean', default: false },
    },
  });
  const minutes = Number(values.minutes);
  if (minutes !== 0 && !(minutes >= MINUTES_MIN && minutes <= MINUTES_MAX)) {
    const range = `0 or a number from ${MINUTES_MIN} to ${MINUTES_MAX}`;
    throw new Error(`--minutes is ${range}, not "${values.minutes}"`);
  }
  for (const part of values.points) {
    if (chosenPoints([part]).length > 0) continue;
    throw new Error(`no crash point has "${part}" in its name`);
  }
  return { ...values, minutes };
}

function readArgumentsOrExit() {
  try {
    return readArguments();
  } catch (error) {
    printError(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const given = readArgumentsOrExit();
const started = performance.now();
const say = (line: string) => print(`# ${line}`);
const points = chosenPoints(given.points).length;
const plan = planOf(points, given.minutes);
say(`seed ${given.seed}, ${plan.text}`);
const report = newReport(given.seed, points);
// Children would outlive us: the database server has a session of its own.
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
}
// A defect of our own ends the run like a signal does: with what is known, and all closed.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => interrupted.abort(error));
}
try {
  await prove(
    {
      seed: given.seed,
      minutes: given.minutes,
      points: given.points,
      say,
      interrupted: interrupted.signal,
      kafka: !given.embedded,
      replicas: given.single ? 1 : 2,
      home: join(import.meta.dirname, '..', '.orderbell'),
    },
    report,
  );
  for (const line of tableOf(report)) print(line);
  process.exitCode = report.violations.length === 0 ? 0 : 1;
} catch (error) {
  for (const line of unfinishedOf(report)) print(line);
  const bySignal = error instanceof Error && error.message.startsWith('ended by SIG');
  printError(bySignal ? error.message : inspect(error));
  process.exitCode = bySignal ? 130 : 1;
}
const seconds = (performance.now() - started) / 1_000;
say(`took ${durationOf(seconds)}, planned were ${durationOf(plan.seconds)}`);
