import type { Logger } from 'pino';
import { AppError, commonProblems } from '#platform/errors.ts';
import { refuseCrossSite, refuseForeignHosts } from '#platform/http/host-check.ts';
import { createHttpServer, type HttpServer } from '#platform/http/server.ts';
import { type FaultName, isFaultName } from './links.ts';
import type { LabOrders } from './orders.ts';
import { FAULT_S_DEFAULT, FAULT_S_MAX, type Switches } from './switches.ts';

interface LabParts {
  /** The path before all others, which only the gateway knows: it lets operators in. */
  secretPath: string;
  switches: Switches;
  orders: () => LabOrders;
  log: Logger;
}

/** The API of the lab. */
export function createLabServer({ secretPath, switches, orders, log }: LabParts): HttpServer {
  const app = createHttpServer({ log });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    refuseCrossSite(request);
  });
  refuseForeignHosts(app);
  const faults = () => ({ data: switches.states() });
  const url = (path: string) => `${secretPath}/lab${path}`;

  app.get(url('/faults'), faults);
  app.delete(url('/faults'), () => {
    switches.offAll();
    return faults();
  });
  app.put<{ Params: { name: string } }>(url('/faults/:name'), (request) => {
    const name = readName(request.params.name);
    const { on, forS } = readSwitch(request.body);
    if (on) switches.on(name, forS);
    else switches.off(name);
    return faults();
  });
  app.get(url('/orders'), async () => ({ data: await orders().list() }));
  app.post(url('/orders'), () => ({ number: orders().place() }));
  return app;
}

function readName(name: string): FaultName {
  if (isFaultName(name)) return name;
  throw new AppError(commonProblems.notFound, `there is no fault ${name.slice(0, 40)}`);
}

function readSwitch(body: unknown): { on: boolean; forS: number } {
  const { on, forS = FAULT_S_DEFAULT } = (body ?? {}) as { on?: unknown; forS?: unknown };
  if (typeof on !== 'boolean') throw invalid('/on', 'boolean');
  const fits = typeof forS === 'number' && Number.isInteger(forS) && forS >= 1;
  if (!fits || forS > FAULT_S_MAX) throw invalid('/forS', `integer 1..${FAULT_S_MAX}`);
  return { on, forS };
}

function invalid(pointer: string, expected: string): AppError {
  return new AppError(commonProblems.invalidRequest, `invalid ${pointer}`, {
    violations: [{ pointer, rule: 'type', expected }],
  });
}
