import type { Trace, WaitsFor } from '#contracts/erasure.ts';

/** The parts of an erasure in the order of its steps; profiles is last, since it keeps the request. */
const ERASED_SERVICES = ['identity', 'orders', 'billing', 'notifications', 'webhooks'] as const;
export type ErasedService = (typeof ERASED_SERVICES)[number];

/** One page of a service's part. */
export interface ErasedPart {
  next: string | null;
  /** Something is at work, so this part must be repeated later. */
  waits: boolean;
}

export interface EraseCustomerDeps {
  /** Addresses and names that the services know, as far as they have not been erased. */
  listTraces: () => AsyncIterable<Trace[]>;
  /** Keeps what was found, and the lease. */
  keep: (progress: { traces?: Trace[]; waitsFor?: WaitsFor | null }) => Promise<void>;
  erase: (service: ErasedService, traces: Trace[], cursor: string | null) => Promise<ErasedPart>;
  /** The mails of the default set-up. */
  eraseMails: (traces: Trace[]) => Promise<void>;
  /** Ends the erasure in profiles. */
  finish: (traces: Trace[]) => Promise<void>;
  /** False ends the work early: the gateway stops. A later round goes on. */
  mayGoOn: () => boolean;
}

const WAITS_FOR: Partial<Record<ErasedService, WaitsFor>> = {
  orders: 'orders',
  notifications: 'letters',
};

/**
 * Erases one customer in all services. Every step may be repeated: an interrupted erasure begins from
 * the front and finds its earlier work done. Addresses are collected and kept before the first step,
 * because the steps delete the places where they are found.
 * @returns what it waits for; null when it is done
 */
export async function eraseCustomer(
  deps: EraseCustomerDeps,
  known: Trace[],
): Promise<WaitsFor | null> {
  const traces = [...known];
  for await (const found of deps.listTraces()) {
    const fresh = found.filter((trace) => !isIn(traces, trace));
    traces.push(...fresh);
    await deps.keep({ traces: fresh });
    if (!deps.mayGoOn()) return 'services';
  }
  for (const service of ERASED_SERVICES) {
    let waits = false;
    for (let cursor: string | null = null; ; ) {
      const part: ErasedPart = await deps.erase(service, traces, cursor);
      waits ||= part.waits;
      cursor = part.next;
      if (cursor === null) break;
      if (!deps.mayGoOn()) return 'services';
      await deps.keep({});
    }
    if (waits) return WAITS_FOR[service] ?? 'services';
  }
  await deps.eraseMails(traces);
  await deps.finish(traces);
  return null;
}

function isIn(traces: Trace[], { kind, text }: Trace): boolean {
  return traces.some((trace) => trace.kind === kind && trace.text === text);
}
