import { createBatcher } from '#platform/async/batcher.ts';
import type { Database } from '#platform/postgres/database.ts';
import { mailboxOf } from './mailbox-of.ts';
import { takeSlots } from './slot-store.ts';

/** The slots within an hour of an address that no customer has confirmed. */
const UNCONFIRMED = 'unconfirmed';
// One of the three is for the letter with the confirmation link. Orders in a stranger's name must not
// keep it away.
const OF_ORDERS = [1, 2] as const;
const OF_ACCOUNTS = [3, 1, 2] as const;
// A known address gets as many of each kind, since anybody can request some of the kinds.
const OF_KIND = [1, 2, 3] as const;
/** The slots of a customer: with new addresses one after the other they would reach any number. */
const CUSTOMER = 'customer';
const OF_CUSTOMER = Array.from({ length: 10 }, (_, index) => index + 1);

/** A letter that needs one of the few slots of its address. */
export interface SlotOfLetter {
  letterId: string;
  /** The mailbox of an address (`mailboxOf`), or the id of a customer. */
  address: string;
  class: string;
  slots: readonly number[];
}

/** The slots that a letter of grief to an unconfirmed address needs, in the order of taking them. */
export function slotsOfOrder(letterId: string, customerId: string, email: string): SlotOfLetter[] {
  return [
    // First, so that a customer without one takes none of the address.
    { letterId, address: customerId, class: CUSTOMER, slots: OF_CUSTOMER },
    { letterId, address: mailboxOf(email), class: UNCONFIRMED, slots: OF_ORDERS },
  ];
}

/** A letter about an account. @param confirmed whether a customer has confirmed the address */
export function slotOfAccount(
  letter: { id: string; kind: string; email: string },
  confirmed: boolean,
): SlotOfLetter {
  return {
    letterId: letter.id,
    address: mailboxOf(letter.email),
    class: confirmed ? letter.kind : UNCONFIRMED,
    slots: confirmed ? OF_KIND : OF_ACCOUNTS,
  };
}

// Each loss means that another replica took a slot, and there are three.
const TRIES_MAX = 4;

/**
 * Takes slots, in one statement for all letters to an address that ask at the same time.
 * @param lettersMax most letters that ask at the same time
 * @returns whether the letter has a slot
 */
export function createSlotTaker(
  database: Database,
  lettersMax: number,
): (letter: SlotOfLetter) => Promise<boolean> {
  return createBatcher({
    name: 'take slots of recipients',
    maxConcurrency: 1,
    batchMax: lettersMax,
    waitingMax: lettersMax,
    async run(letters: SlotOfLetter[]) {
      const groups = Map.groupBy(letters, (each) => `${each.class} ${each.slots} ${each.address}`);
      const taken = new Set<string>();
      for (const [first, ...rest] of groups.values()) {
        const group = [first as SlotOfLetter, ...rest];
        for (const id of await takeForOne(database, group)) taken.add(id);
      }
      return letters.map(({ letterId }) => taken.has(letterId));
    },
  });
}

async function takeForOne(database: Database, group: SlotOfLetter[]): Promise<string[]> {
  const request = {
    ...(group[0] as SlotOfLetter),
    letterIds: group.map(({ letterId }) => letterId),
  };
  for (let tries = 1; ; tries++) {
    const { taken, lost } = await takeSlots(database, request);
    if (lost === 0 || tries === TRIES_MAX) return taken;
  }
}
