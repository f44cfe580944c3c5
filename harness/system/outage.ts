import { serviceOf, type TestSystem } from './system.ts';

/** Stops a service with all its replicas. @returns starts them where they were */
export async function stop({ system }: TestSystem, name: string): Promise<() => Promise<void>> {
  const service = serviceOf(system, name);
  await service.stop();
  return () => service.start();
}
