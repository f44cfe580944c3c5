import type { Logger } from 'pino';
import type { Profile } from '#contracts/profiles.ts';
import { startLoop } from '#platform/async/loop.ts';
import type { Database } from '#platform/postgres/database.ts';
import { describeMasked } from '#platform/values/mask-addresses.ts';
import { isUnconfirmed } from '../recipient/greeting.ts';
import { deleteFreeSlots } from '../recipient/slot-store.ts';
import { listWaitingCustomers, releaseLetters } from './hold-store.ts';

export interface ReleaseOptions {
  database: Database;
  log: Logger;
  confirmAddresses: boolean;
  /** Contact data by customer; customers without a profile are absent. */
  lookUpContacts: (customerIds: string[]) => Promise<Map<string, Profile>>;
  /** Called after letters became due. */
  onDue: () => void;
  pollMs?: number;
}

const POLL_MS = 5_000;
const LOOP_RETRY = { firstMs: 500, maxMs: 10_000 };
// One look-up of contacts.
const CUSTOMERS_MAX = 200;
// One statement, well within the statement timeout.
const RELEASED_MAX = 1_000;
const SLOTS_DELETED_MAX = 1_000;

/**
 * Releases letters that wait for a confirmation once it was given. The gateway says so at once; the
 * loop finds confirmations whose message was lost, and those by an external issuer.
 */
export function startRelease(options: ReleaseOptions) {
  const { database, log, confirmAddresses, onDue, pollMs = POLL_MS } = options;
  /** The customer after whom the next round continues. */
  let after = '';

  /** @returns how many letters became due */
  async function releaseConfirmed(customerIds: string[]): Promise<number> {
    const contacts = await options.lookUpContacts(customerIds);
    const confirmed = customerIds.filter((customerId) => {
      const contact = contacts.get(customerId);
      return contact !== undefined && !isUnconfirmed(contact, confirmAddresses);
    });
    if (confirmed.length === 0) return 0;
    let released = 0;
    for (let part = RELEASED_MAX; part === RELEASED_MAX; ) {
      part = await releaseLetters(database, { customerIds: confirmed, limit: RELEASED_MAX });
      released += part;
      if (part > 0) onDue();
    }
    return released;
  }

  const loop = startLoop({
    name: 'letters that wait for a confirmation',
    log,
    retry: LOOP_RETRY,
    firstInMs: pollMs,
    describe: describeMasked,
    async round() {
      await deleteFreeSlots(database, SLOTS_DELETED_MAX);
      const waiting = await listWaitingCustomers(database, { after, limit: CUSTOMERS_MAX });
      after = waiting.length < CUSTOMERS_MAX ? '' : (waiting.at(-1) as string);
      if (waiting.length > 0) await releaseConfirmed(waiting);
      return pollMs;
    },
  });

  return {
    /** Releases this customer's letters now, if the address is confirmed. */
    async release(customerId: string): Promise<number> {
      const waiting = await listWaitingCustomers(database, { after: '', limit: 1 });
      return waiting.length === 0 ? 0 : await releaseConfirmed([customerId]);
    },
    close: loop.close,
  };
}
