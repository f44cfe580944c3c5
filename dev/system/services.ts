import { existsSync } from 'node:fs';
import type { ServiceDefinition } from '#platform/service/definition.ts';

/**
 * Every service of the system, one line each. Wiring, settings, databases, published contracts,
 * tests, `prove` and the tables in docs/ read this list.
 */
const modules: Record<string, () => Promise<{ service: ServiceDefinition }>> = {
  gateway: () => import('#services/gateway/service.ts'),
  orders: () => import('#services/orders/service.ts'),
  billing: () => import('#services/billing/service.ts'),
  profiles: () => import('#services/profiles/service.ts'),
  notifications: () => import('#services/notifications/service.ts'),
  identity: () => import('#services/identity/service.ts'),
  webhooks: () => import('#services/webhooks/service.ts'),
};

export const SERVICES: readonly string[] = Object.keys(modules);

/** @throws Error for a name that is not in the list */
export async function loadService(name: string): Promise<ServiceDefinition> {
  const load = modules[name];
  if (load === undefined) throw new Error(`there is no service ${name}`);
  return (await load()).service;
}

export function loadServices(): Promise<ServiceDefinition[]> {
  return Promise.all(SERVICES.map(loadService));
}

/** Services that have a database of their own, known without loading their code. */
export const SERVICES_WITH_DATABASE = SERVICES.filter((name) =>
  existsSync(new URL(`../../services/${name}/migrations/`, import.meta.url)),
);
