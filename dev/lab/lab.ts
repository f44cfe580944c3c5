import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { ConfigError, type Environment, loadConfig } from '#platform/config/load-config.ts';
import { isGiven, readSetting } from '#platform/config/read-setting.ts';
import { listen } from '#platform/http/server.ts';
import type { RunningService } from '#platform/service/internal-service.ts';
import { isLoopbackAddress } from '#platform/values/host-names.ts';
import { commandFor } from '#platform/values/program.ts';
import { reachable } from '../system/reachable.ts';
import { loadService } from '../system/services.ts';
import type { System, SystemOptions } from '../system/system.ts';
import { createLabCustomer } from './customer.ts';
import { type Link, openLinks } from './links.ts';
import { createLabOrders, type LabOrders } from './orders.ts';
import { createLabServer } from './server.ts';
import { createSwitches } from './switches.ts';

// What leads past the proxies, or to systems of others, which the faults would harm.
const FOREIGN: [service: string, setting: string][] = [
  ['gateway', 'BILLING_URL'],
  ['gateway', 'OIDC_ISSUER'],
  ['gateway', 'FAULT_LAB_URL'],
  ['notifications', 'PROFILES_URL'],
  ['notifications', 'SMTP_URL'],
  ['orders', 'KAFKA_BROKERS'],
  ['orders', 'BROKER_DATABASE_URL'],
  ['gateway', 'TLS_CERTIFICATE'],
  ['billing', 'TLS_CERTIFICATE'],
  ['profiles', 'TLS_CERTIFICATE'],
];

/** The services that are called by way of a proxy. */
const CALLEES: Record<string, Link> = { billing: 'billing', profiles: 'profiles' };

/**
 * Checks that everything which the faults touch belongs to this start.
 * @throws ConfigError
 */
export function checkLabSettings(env: Environment): void {
  const given = FOREIGN.filter(([service, setting]) => isGiven(service, setting, env));
  const names = new Set(given.map(([, setting]) => setting));
  const problems = [...names].map(
    (name) =>
      `${name} is set: the fault lab breaks only what this start runs itself; unset ${name}`,
  );
  const address = readSetting('gateway', 'LISTEN_ADDRESS', env)?.text;
  if (address !== undefined && !isLoopbackAddress(address)) {
    problems.push(`LISTEN_ADDRESS is ${address}: the fault lab is for this machine only`);
  }
  if (problems.length > 0) throw new ConfigError(commandFor('start', '--lab'), problems);
}

export type Lab = Awaited<ReturnType<typeof openLab>>;

/** Opens the fault lab: proxies between the parts of a system, and the API of their switches. */
export async function openLab(log: Logger) {
  await using open = new AsyncDisposableStack();
  const links = await openLinks(open);
  const switches = createSwitches(links);
  open.defer(async () => switches.offAll());
  let orders: LabOrders | undefined;
  const secretPath = `/${randomBytes(24).toString('base64url')}`;
  const app = createLabServer({
    secretPath,
    switches,
    orders: () => orders as LabOrders,
    log,
  });
  const url = await listen(app, '127.0.0.1', 0);
  open.defer(() => app.close());
  const proxied = (link: Link, href: string): string => {
    links.target(link, href);
    const through = new URL(href);
    through.port = String(links.portOf(link));
    return through.href;
  };
  const running = open.move();

  return {
    /** Leads a system that is about to start through the proxies. */
    wire(options: SystemOptions): SystemOptions {
      const brokerUrl = proxied('broker', options.databaseUrl('broker'));
      const at = (link: Link) => `http://127.0.0.1:${links.portOf(link)}`;
      const startService = options.startService ?? (() => null);
      return {
        ...options,
        databaseUrl: (name) => (name === 'broker' ? brokerUrl : options.databaseUrl(name)),
        smtpUrl: proxied('mail', options.smtpUrl),
        // To an address of a proxy a call goes by HTTP, also within this thread (decision 37).
        env: {
          ...options.env,
          GATEWAY_BILLING_URL: at('billing'),
          NOTIFICATIONS_PROFILES_URL: at('profiles'),
          FAULT_LAB_URL: url + secretPath,
        },
        startService(name, env, serviceLog) {
          const started = startService(name, env, serviceLog);
          const link = CALLEES[name];
          if (link === undefined) return started;
          return (async () => {
            const service = await (started ?? startHere(name, env, serviceLog));
            links.target(link, reachable(service.url));
            return service;
          })();
        },
      };
    },
    /** Gets the system once it has started: the lab is a customer of its API. */
    serve(system: Pick<System, 'url'>): void {
      orders = createLabOrders(createLabCustomer(reachable(system.url)), switches);
    },
    /** Ends all faults, so that the services can stop as usual. */
    heal: async (): Promise<void> => switches.offAll(),
    close: () => running.disposeAsync(),
  };
}

async function startHere(name: string, env: Environment, log: Logger): Promise<RunningService> {
  const service = await loadService(name);
  return service.start(loadConfig(name, service.settings, env), log);
}
