import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KafkaUnavailableError } from '#dev/kafka/jars.ts';
import type { BooksReport } from '../books/books.ts';
import { startDefaultSetUp } from '../set-ups/default.ts';
import { startKafkaSetUp } from '../set-ups/kafka.ts';
import { createOpenings } from '../set-ups/openings.ts';
import type { SetUp } from '../set-ups/set-up.ts';
import { type Bench, checkBench, measureFloor, openBench, type Run } from './experiment-context.ts';
import { measureRounds, POINT_64, type Point, type SetUpResult } from './load-profile.ts';
import { DEFAULT, KAFKA, ORDERS_ALONE } from './targets.ts';

export interface SpeedOptions {
  /** Names of set-ups, in the order in which they are measured. */
  setUps: string[];
  points: Point[];
  rounds: number;
  /** Of each load. */
  seconds: number;
}

export interface SpeedResult extends SetUpResult {
  books: BooksReport;
}

/** Measures one set-up after the other, each with books that are checked in the end. */
export async function measureSetUps(run: Run, options: SpeedOptions): Promise<SpeedResult[]> {
  const results: SpeedResult[] = [];
  for (const name of options.setUps) {
    const result = await onSetUp(run, name, async (bench): Promise<SpeedResult> => {
      const measured = await measureRounds(bench, {
        ...options,
        points: pointsOf(name, options.points),
        measureFloor: () => measureFloor(bench),
        say: run.say,
      });
      const books = await checkBench(bench);
      books.breaches.push(...wrongAnswersIn(measured));
      return { ...measured, books };
    });
    if (result !== undefined) results.push(result);
  }
  return results;
}

/** What a system may say when it has no time: not wrong, only slow. */
const NO_ANSWER = ['0', '202', '503'];

function wrongAnswersIn({ name, results }: SetUpResult): string[] {
  return results.flatMap(({ point, rounds }) =>
    rounds.flatMap(({ errors, samples }) =>
      Object.entries(errors)
        .filter(([status]) => !NO_ANSWER.includes(status))
        .map(([status, count]) => `${name}, ${point.name}: ${count} × ${status}, ${samples[0]}`),
    ),
  );
}

/** Orders alone are measured to be compared at one point. */
function pointsOf(setUp: string, all: Point[]): Point[] {
  return setUp === ORDERS_ALONE ? all.filter(({ name }) => name === POINT_64) : all;
}

/**
 * Starts a set-up, works with it and stops it.
 * @param label what it is called in this run, where there are two of its name
 * @returns undefined where this machine cannot run it
 */
export async function onSetUp<T>(
  run: Run,
  name: string,
  work: (bench: Bench) => Promise<T>,
  label = name,
): Promise<T | undefined> {
  const openings = createOpenings();
  const close = () => openings.closeAll(console.error);
  await run.openings.add(Promise.resolve({ close }));
  try {
    const folder = join(run.folder, label.replaceAll(' ', '-'));
    await mkdir(folder);
    const setUp = await openings.add(startSetUp({ ...run, folder }, name));
    const letters = name !== ORDERS_ALONE;
    return await work(
      await openBench({ ...run, folder, openings }, { name: label, setUp, letters }),
    );
  } catch (error) {
    if (!(error instanceof KafkaUnavailableError) || process.env.REQUIRE_KAFKA === '1') throw error;
    run.say(`!!! WITHOUT KAFKA: a process per service is not measured. ${error.message}`);
    return undefined;
  } finally {
    await close();
  }
}

function startSetUp({ folder, home, issuer }: Run, name: string): Promise<SetUp> {
  const data = join(folder, 'data');
  if (name === KAFKA) return startKafkaSetUp(data, home, issuer);
  return startDefaultSetUp(data, issuer, name === DEFAULT ? {} : { OUTBOX_RELAY: 'off' });
}
