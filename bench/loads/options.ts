import { parseArgs } from 'node:util';
import { HOSTILE_LOADS } from './hostile/hostile-loads.ts';

export const USAGE = `npm run loads -- [options]
  --only A,B     these loads: ${HOSTILE_LOADS.map(({ name }) => name).join(', ')}
  --seconds N    length of the calm part and of each load, 5 to 60 (default 12)
  --rate N       orders a second of the paced customer, 1 to 200 (default 10)
  --url URL      this system instead of ones of its own; then it measures no memory, files and stop
  --strict       also fails where p99 under a load is over twice the calm one`;

export interface Options {
  names: string[];
  seconds: number;
  rate: number;
  url: string | undefined;
  strict: boolean;
}

/** @throws Error that says what is wrong with the arguments */
export function readOptions(args = process.argv.slice(2)): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      seconds: { type: 'string', default: '12' },
      rate: { type: 'string', default: '10' },
      url: { type: 'string' },
      strict: { type: 'boolean', default: false },
    },
  });
  const all = HOSTILE_LOADS.map(({ name }) => name);
  const names = values.only?.split(',') ?? all;
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`no load is named "${unknown}"`);
  const { url } = values;
  if (url !== undefined && URL.parse(url)?.protocol !== 'http:') {
    throw new Error('--url is an http:// URL');
  }
  return {
    names,
    seconds: numberFrom('seconds', values.seconds, { min: 5, max: 60 }),
    rate: numberFrom('rate', values.rate, { min: 1, max: 200 }),
    url,
    strict: values.strict,
  };
}

function numberFrom(name: string, text: string, { min, max }: { min: number; max: number }) {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value < min || value > max) throw new Error(`--${name} is a number from ${min} to ${max}`);
  return value;
}
