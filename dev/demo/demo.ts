import { parseArgs } from 'node:util';
import { describeError } from '#platform/errors.ts';
import { createLog } from '#platform/telemetry/log.ts';
import { print, printError } from '#platform/telemetry/print.ts';
import { commandFor, dataFolder, PROGRAM } from '#platform/values/program.ts';
import { defaultUrl, runningUrl } from '../../cli/client/running-system.ts';
import { findReachable, makeDeadLetter } from './dead-letter.ts';
import { type Filled, type FillOptions, fill, goOn } from './fill.ts';
import { DEMO_PASSWORD } from './shop.ts';
import { answers, type OwnSystem, startOwn } from './system.ts';

// `npm run demo`: a system full of customers, orders and letters to look at.

const USAGE = `${commandFor('demo', '[options]')}
  --customers N   how many customers, from 1 to 50 (default 8)
  --orders N      how many orders, up to 100000 (default 200)
  --minutes N     go on slowly for so long afterwards, up to 1440 (default 0)
  --seed S        what the orders are made of; the same seed never doubles them (default 1)
  --url URL       the system to fill (default ORDERBELL_URL, else the one that runs in this folder,
                  else port PORT or 8080 of this machine); where nothing answers on this machine,
                  the system is started and stays up`;

interface Options extends Omit<FillOptions, 'signal'> {
  minutes: number;
}

const HOME = dataFolder();

/** @throws Error that says what is wrong with the arguments */
function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      customers: { type: 'string', default: '8' },
      orders: { type: 'string', default: '200' },
      minutes: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      url: { type: 'string', default: urlToFill() },
    },
  });
  if (!/^[\w.-]{1,50}$/.test(values.seed)) throw new Error('--seed is letters, digits, . _ and -');
  if (!/^https?:\/\//.test(values.url) || !URL.canParse(values.url)) {
    throw new Error('--url is an http(s) address');
  }
  return {
    url: values.url.replace(/\/+$/, ''),
    customers: numberFrom('customers', values.customers, 1, 50),
    orders: numberFrom('orders', values.orders, 0, 100_000),
    minutes: numberFrom('minutes', values.minutes, 0, 1_440),
    seed: values.seed,
  };
}

function urlToFill(): string {
  const { ORDERBELL_URL: url, PORT: port } = process.env;
  if (url?.trim() || !port?.trim() || runningUrl(HOME) !== null) return defaultUrl();
  return `http://127.0.0.1:${port.trim()}`;
}

function numberFrom(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (value >= min && value <= max) return value;
  throw new Error(`--${name} is a whole number from ${min} to ${max}, not "${text}"`);
}

async function run(options: Options): Promise<number> {
  const interrupted = new AbortController();
  let own: OwnSystem | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupted.abort(new Error('stopped'));
      own?.stop(signal);
    });
  }
  const { signal } = interrupted;
  if (!(await answers(options.url))) {
    const { hostname } = new URL(options.url);
    if (!['127.0.0.1', 'localhost'].includes(hostname)) {
      throw new Error(`nothing answers at ${options.url}`);
    }
    own = await startOwn(options.url, signal);
  }
  try {
    await show({ ...options, signal });
  } catch (error) {
    own?.stop('SIGTERM');
    await own?.exited;
    if (signal.aborted) return 0;
    throw error;
  }
  if (own === undefined) return 0;
  if (!signal.aborted) print('The system stays up. Ctrl-C stops it.');
  return (await own.exited) ?? 1;
}

async function show(options: Options & { signal: AbortSignal }): Promise<void> {
  const filled = await fill(options);
  print(screen(filled, options, await deadLetterLine(options)));
  if (options.minutes > 0) {
    print(`Going on with an order a second for ${options.minutes} minutes.`);
    await goOn(options);
  }
}

async function deadLetterLine({ seed, url }: Options): Promise<string> {
  const reachable = await findReachable(url, HOME);
  const made =
    reachable !== null && (await makeDeadLetter(reachable, seed, createLog('demo', 'warn')));
  return made
    ? 'One message of the topic is broken on purpose: a dead letter.'
    : 'No broken message was made: this is not the system of this folder with its own broker.';
}

function screen(filled: Filled, { url }: Options, deadLetter: string): string {
  const { cancelled, customers, open, paid } = filled;
  const at = url === defaultUrl() ? '' : ` --url ${url}`;
  const orderbell = (words: string) => `  ${PROGRAM} ${words}${at}`;
  const people = customers.map(
    ({ email, locale, name, remark }) =>
      `  ${email.padEnd(22)} ${name}, ${locale}${remark === undefined ? '' : `: ${remark}`}`,
  );
  return `
The shop has ${customers.length} customers and ${paid + cancelled + open} orders: ${paid} paid, \
${cancelled} cancelled${open > 0 ? `, ${open} pending` : ''}.
${deadLetter}

Customers (password of each: ${DEMO_PASSWORD})

${people.join('\n')}

To try:

${orderbell(`login anna@example.com --password '${DEMO_PASSWORD}'`)}
${orderbell('orders')}
${orderbell('journey')}
${orderbell('letters')}
${orderbell('login --operator')}
${orderbell('operator overview')}
${orderbell('operator letters --state failed')}
${orderbell('operator dead-letters')}

  Console    ${url}/
  API docs   ${url}/docs
  Mailbox    ${url}/mailbox
`;
}

async function main(args: string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    printError(`${describeError(error)}\n\n${USAGE}`);
    return 2;
  }
  try {
    return await run(options);
  } catch (error) {
    printError(`The demonstration cannot go on: ${describeError(error)}`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
