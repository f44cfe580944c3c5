import type { TestContext } from 'node:test';
import { FaultProxy } from '#dev/faults/fault-proxy.ts';

export { FaultProxy, type RequestFault, type Trap } from '#dev/faults/fault-proxy.ts';

/** A proxy that ends with the test. */
export async function startFaultProxy(t: TestContext): Promise<FaultProxy> {
  const proxy = await FaultProxy.open();
  t.after(() => proxy.close());
  return proxy;
}
