import type { TestSystem } from './system.ts';

/** Stops a service with all its replicas; what it returns starts them where they were. */
export async function stop({ system }: TestSystem, name: string): Promise<() => Promise<void>> {
  const service = system.services.get(name);
  if (service === undefined) throw new Error(`there is no service ${name}`);
  await service.stop();
  return () => service.start();
}
