/** Customers whose erasure was requested lately: their tokens may still be valid, and are refused. */
export type ErasedCustomers = ReturnType<typeof createErasedCustomers>;

export function createErasedCustomers() {
  let listed = new Set<string>();
  /** Those of this gateway's own requests that a list, read meanwhile, may not have yet. */
  let own = new Set<string>();
  return {
    has: (customerId: string): boolean => listed.has(customerId) || own.has(customerId),
    add: (customerId: string): void => void own.add(customerId),
    /** What profiles lists. */
    replace(customerIds: string[]): void {
      listed = new Set(customerIds);
      own = own.difference(listed);
    },
  };
}
