import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KafkaUnavailableError } from '#dev/kafka/jars.ts';
import type { Reconciliation } from '#harness/oracle/oracle.ts';
import { startDefaultSetUp } from '../set-ups/default.ts';
import { startKafkaSetUp } from '../set-ups/kafka.ts';
import { createResources, type SetUp, type SetUpOptions } from '../set-ups/set-up.ts';
import {
  type ExperimentContext,
  openContext,
  type Run,
  reconcileContext,
} from './experiment-context.ts';
import {
  type LoadProfile,
  measureRounds,
  PROFILE_64,
  type SetUpResult,
  type SpeedOptions,
} from './load-profile.ts';
import { DEFAULT, KAFKA, ORDERS_ALONE } from './targets.ts';

export interface SpeedResult extends SetUpResult {
  books: Reconciliation;
}

/** Measures one set-up after the other, each reconciled in the end. */
export async function measureSetUps(run: Run, options: SpeedOptions): Promise<SpeedResult[]> {
  const results: SpeedResult[] = [];
  for (const name of options.setUps) {
    const result = await onSetUp(run, name, async (context): Promise<SpeedResult> => {
      const points = profilesOf(name, options.points);
      const measured = await measureRounds(context, { ...options, points }, run.say);
      const books = await reconcileContext(context);
      books.breaches.push(...wrongAnswersIn(measured));
      return { ...measured, books };
    });
    if (result !== undefined) results.push(result);
  }
  return results;
}

/** Statuses of an overloaded system: slow, but not wrong. */
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

/** Orders alone are measured with one load profile, for comparison. */
function profilesOf(setUp: string, all: LoadProfile[]): LoadProfile[] {
  return setUp === ORDERS_ALONE ? all.filter(({ name }) => name === PROFILE_64) : all;
}

/**
 * Starts a set-up, works with it and stops it.
 * @param label what it is called in this run, where there are two of its name
 * @returns undefined where this machine cannot run it
 */
export async function onSetUp<T>(
  run: Run,
  name: string,
  work: (context: ExperimentContext) => Promise<T>,
  label = name,
): Promise<T | undefined> {
  const resources = createResources();
  await run.resources.add(resources);
  try {
    const folder = join(run.folder, label.replaceAll(' ', '-'));
    await mkdir(folder);
    const own = { ...run, folder, resources };
    const setUp = await startSetUp({ ...own, folder: join(folder, 'data') }, name);
    const letters = name !== ORDERS_ALONE;
    return await work(await openContext(own, { name: label, setUp, letters }));
  } catch (error) {
    if (!(error instanceof KafkaUnavailableError) || process.env.REQUIRE_KAFKA === '1') throw error;
    run.say(`!!! WITHOUT KAFKA: a process per service is not measured. ${error.message}`);
    return undefined;
  } finally {
    await resources.close();
  }
}

function startSetUp(options: SetUpOptions, name: string): Promise<SetUp> {
  if (name === KAFKA) return startKafkaSetUp(options);
  return startDefaultSetUp(options, name === DEFAULT ? {} : { OUTBOX_RELAY: 'off' });
}
