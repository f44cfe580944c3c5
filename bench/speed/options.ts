import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadProfiles, PROFILE_64, type SpeedOptions } from './measuring/load-profile.ts';
import { DEFAULT, KAFKA, ORDERS_ALONE } from './measuring/targets.ts';

export const USAGE = `npm run bench -- [options]
  --quick         the default set-up under 64 connections, once, in a minute
  --only S        one set-up: ${DEFAULT}, "${ORDERS_ALONE}" or ${KAFKA} (default: all of them)
  --no-kafka      without the set-up that has a process per service and Apache Kafka
  --points P      loads, comma-separated (default: ${loadProfiles.map(({ name }) => name).join()})
  --rounds N      how often each load is measured; medians are printed (default 3)
  --seconds N     length of each load (default 6, quick 8)
  --rows N        instead: with N orders and letters in the tables, compared with empty ones
  --backlog N     instead: N events that wait in the outbox, while orders are placed
  --orders N      instead: the memory of our processes while N orders are placed
  --cores         instead: CPU time by thread, and what more cores could do with it
  --json FILE     the file for all measurements (default .orderbell/bench.json)`;

export interface Options extends SpeedOptions {
  json: string;
  /** The experiment that replaces all loads, and its size. */
  instead: { rows?: number; backlog?: number; orders?: number; cores?: true };
}

const JSON_FILE = join(import.meta.dirname, '..', '..', '.orderbell', 'bench.json');
const COUNT_MAX = 10_000_000;
const ALL = [DEFAULT, ORDERS_ALONE, KAFKA];

/** @throws Error that says what is wrong with the arguments */
export function readOptions(args = process.argv.slice(2)): Options {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      kafka: { type: 'boolean', default: true },
      points: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      rows: { type: 'string' },
      backlog: { type: 'string' },
      orders: { type: 'string' },
      cores: { type: 'boolean', default: false },
      json: { type: 'string', default: JSON_FILE },
    },
  });
  const { quick, kafka } = values;
  const only = values.only ?? (quick ? DEFAULT : undefined);
  if (only !== undefined && !ALL.includes(only)) throw new Error(`no set-up is named "${only}"`);
  const names = (values.points ?? (quick ? PROFILE_64 : undefined))?.split(',');
  return {
    setUps: only === undefined ? ALL.filter((name) => kafka || name !== KAFKA) : [only],
    points: chosenProfiles(names),
    rounds: numberFrom('rounds', values.rounds ?? (quick ? '1' : '3'), 20),
    seconds: numberFrom('seconds', values.seconds ?? (quick ? '8' : '6'), 600),
    instead: {
      ...Object.fromEntries(
        (['rows', 'backlog', 'orders'] as const).flatMap((name) => {
          const text = values[name];
          return text === undefined ? [] : [[name, numberFrom(name, text, COUNT_MAX)]];
        }),
      ),
      ...(values.cores && { cores: true }),
    },
    json: resolve(values.json),
  };
}

function chosenProfiles(names: string[] | undefined) {
  if (names === undefined) return loadProfiles;
  for (const name of names) {
    if (!loadProfiles.some((profile) => profile.name === name))
      throw new Error(`no load is named "${name}"`);
  }
  const chosen = loadProfiles.filter(({ name }) => names.includes(name));
  const [open] = chosen.filter(({ openAt }) => openAt !== undefined);
  if (open !== undefined && !names.includes(PROFILE_64)) {
    throw new Error(`the rate of "${open.name}" comes from "${PROFILE_64}": choose both`);
  }
  return chosen;
}

function numberFrom(name: string, text: string, max: number): number {
  const value = Number(text);
  if (value >= 1 && value <= max) return value;
  throw new Error(`--${name} is a number from 1 to ${max}, not "${text}"`);
}
