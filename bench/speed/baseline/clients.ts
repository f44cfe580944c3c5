import pg from 'pg';
import { type Percentiles, percentilesOf } from '#harness/percentiles.ts';
import { BASELINE_WALLETS, baselineStatements, numbered } from './statements.ts';

const statements = baselineStatements.map(({ prefix, text }, index) => ({
  prefix,
  name: `baseline-${index}`,
  ...numbered(text),
}));

/** What the database alone can do. */
export interface BaselineFigures {
  /** Orders, that is three writes each, in a second. */
  ordersPerS: number;
  /** Of the three writes of one order together, in ms. */
  latency: Percentiles;
}

/** The baseline without pgbench: the same prepared statements on plain connections of this process. */
export async function runPlainClients(
  url: string,
  connections: number,
  seconds: number,
): Promise<BaselineFigures> {
  const clients = Array.from({ length: connections }, () => new pg.Client(url));
  await Promise.all(clients.map((client) => client.connect()));
  const times: number[] = [];
  const started = performance.now();
  const end = started + seconds * 1_000;
  await Promise.all(clients.map((client) => repeatUntil(end, client, times)));
  const tookS = (performance.now() - started) / 1_000;
  await Promise.all(clients.map((client) => client.end()));
  return { ordersPerS: times.length / tookS, latency: percentilesOf(times) };
}

async function repeatUntil(end: number, client: pg.Client, times: number[]): Promise<void> {
  for (let now = performance.now(); now < end; ) {
    await writeOrder(client);
    const ended = performance.now();
    times.push(ended - now);
    now = ended;
  }
}

async function writeOrder(client: pg.Client): Promise<void> {
  const known: Record<string, unknown> = {
    wallet: 1 + Math.floor(Math.random() * BASELINE_WALLETS),
  };
  for (const { prefix, name, text, names } of statements) {
    const { rows } = await client.query({ name, text, values: names.map((each) => known[each]) });
    known[`${prefix}id`] = rows[0].id;
  }
}
