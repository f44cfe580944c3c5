import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { call } from '#harness/requests.ts';
import { PASSWORD, rub } from '#harness/system/system.ts';
import type { LoadCustomer } from '../speed/load/load.ts';
import type { Load, LoadReport } from '../speed/load/load-process.ts';
import { createTally, type HostileContext, type HostileLoad } from './hostile/context.ts';
import type { Target, Usage } from './target.ts';

export interface Measured {
  load: Pick<HostileLoad, 'name' | 'title'>;
  calm: LoadReport;
  under: LoadReport;
  /** What the load got, by status or end. */
  got: Record<string, number>;
  /** Worst time of `/livez` under the load, ms. */
  aliveMs: number;
  before: Usage | undefined;
  peak: Usage | undefined;
  after: Usage | undefined;
  stop: string;
}

interface MeasureOptions {
  target: Target;
  load: Load;
  folder: string;
  seconds: number;
  rate: number;
}

// The first orders of a process are slow.
const WARM_UP_S = 4;
const PACED_CONNECTIONS = 8;
const RICH = 1_000_000_000;
const SAMPLE_MS = 250;
const ALIVE_TIMEOUT_MS = 10_000;
// Given to the system to let go of what the load has left.
const REST_MS = 2_000;

/** Measures a paced customer without and under one hostile load, and then stops the target. */
export async function measure(hostile: HostileLoad, options: MeasureOptions): Promise<Measured> {
  const { target, load, folder, seconds, rate } = options;
  const { url } = target;
  const paced = await createCustomer(url, RICH);
  const place = async (prefix: string, forSeconds: number): Promise<LoadReport> => {
    const keyPrefix = `${prefix}-${randomUUID()}`;
    const pace = { connections: PACED_CONNECTIONS, seconds: forSeconds, ordersPerS: rate };
    await load.place({ url, customers: [paced], keyPrefix, ...pace });
    return load.report(join(folder, 'answers.jsonl'));
  };
  const over = new AbortController();
  const released = new AbortController();
  const context = createContext(target, over.signal, released.signal);
  const run = await hostile.prepare(context);
  await place('warm', WARM_UP_S);
  const calm = await place('calm', seconds);
  const before = target.usage();
  const watch = watchTarget(target);
  try {
    const running = run();
    // Its failure is a fault of the script, which the end of the load reports.
    running.catch(() => {});
    // Also where the last orders are answered much later.
    const timer = setTimeout(() => over.abort(), seconds * 1_000);
    const under = await place('under', seconds);
    clearTimeout(timer);
    over.abort();
    const { aliveMs, peak } = await watch.end();
    await running;
    await delay(REST_MS);
    const after = target.usage();
    // While its connections are still open.
    const stop = await target.stop();
    const got = Object.fromEntries(context.tally.counts);
    return { load: hostile, calm, under, got, aliveMs, before, peak, after, stop };
  } finally {
    over.abort();
    released.abort();
  }
}

function createContext(target: Target, over: AbortSignal, released: AbortSignal): HostileContext {
  const { hostname, port } = new URL(target.url);
  return {
    url: target.url,
    host: hostname,
    port: Number(port || 80),
    smtpPort: target.smtpPort,
    tally: createTally(),
    over,
    released,
    createCustomer: (topUp) => createCustomer(target.url, topUp),
  };
}

async function createCustomer(
  url: string,
  topUp: number,
): Promise<LoadCustomer & { email: string }> {
  const account = { email: `${randomUUID()}@example.com`, password: PASSWORD };
  const registered = await expect(
    201,
    call(url, 'POST', '/v1/registrations', { body: { ...account, name: 'Анна' } }),
  );
  const session = await expect(200, call(url, 'POST', '/v1/sessions', { body: account }));
  const token: string = session.accessToken;
  if (topUp > 0) {
    const headers = { authorization: `Bearer ${token}` };
    await expect(
      201,
      call(url, 'POST', '/v1/wallet/top-ups', { headers, body: { amount: rub(topUp) } }),
    );
  }
  return { ...account, customerId: registered.customerId, token, funded: topUp > 0 };
}

async function expect(status: number, asked: ReturnType<typeof call>) {
  const { status: got, body } = await asked;
  if (got !== status) throw new Error(`${got} instead of ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** Looks at the target again and again, until its end is asked for. */
function watchTarget(target: Target) {
  let aliveMs = 0;
  let peak = target.usage();
  const ended = new AbortController();
  const watching = (async () => {
    while (!ended.signal.aborted) {
      const begun = performance.now();
      await fetch(`${target.url}/livez`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(ALIVE_TIMEOUT_MS),
      }).then(
        (answer) => answer.arrayBuffer(),
        () => undefined,
      );
      aliveMs = Math.max(aliveMs, performance.now() - begun);
      const seen = target.usage();
      if (seen !== undefined && peak !== undefined) {
        peak = {
          memoryMb: Math.max(peak.memoryMb, seen.memoryMb),
          openFiles: Math.max(peak.openFiles, seen.openFiles),
        };
      }
      await delay(SAMPLE_MS);
    }
  })();
  return {
    async end() {
      ended.abort();
      await watching;
      return { aliveMs, peak };
    },
  };
}
