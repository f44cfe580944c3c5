import type { WalletOperation } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { Letter } from '#contracts/notifications.ts';
import type { Order } from '#contracts/orders.ts';
import type { AccountData } from '#contracts/privacy.ts';
import type { Profile } from '#contracts/profiles.ts';

/** A page of a list, read by its cursor. */
export interface ExportPage<T> {
  data: T[];
  nextCursor: string | null;
}

type ReadPage<T> = (cursor: string | null) => Promise<ExportPage<T>>;

export interface ExportDataDeps {
  customerId: string;
  now: () => Date;
  readProfile: () => Promise<Profile | null>;
  /** Null where an external issuer keeps the account. */
  readAccount: () => Promise<AccountData | null>;
  readBalance: () => Promise<Money>;
  listOperations: ReadPage<WalletOperation>;
  listOrders: ReadPage<Order>;
  listLetters: ReadPage<Letter>;
}

export const LEFT_OUT = [
  'The hash of the password: it is a secret, and says nothing about you.',
  'Hashes of links that confirm an address or set a password: they are deleted within a day.',
  'Counters of failed sign-ins and of letters by address: they are deleted within an hour.',
  'Letters about the account, such as a new password: you have them, and they are deleted soon.',
  'Records of what operators did and read, and of repairs: they hold your id, dates and sums.',
  'Events and dead letters: copies of the orders that are listed here.',
  'The log and traces of requests: they hold ids of orders and no address, name or text.',
];

/**
 * The parts of a customer's export, one document together. It has read the first page of every list
 * before it returns, so that a service that does not answer fails the request and not the document.
 * A later failure throws while the parts are read: the answer then ends without its last bytes.
 */
export async function exportData(deps: ExportDataDeps): Promise<AsyncIterable<string>> {
  const [profile, account, balance, operations, orders, letters] = await Promise.all([
    deps.readProfile(),
    deps.readAccount(),
    deps.readBalance(),
    deps.listOperations(null),
    deps.listOrders(null),
    deps.listLetters(null),
  ]);
  const head = {
    format: 'orderbell-export-1',
    customerId: deps.customerId,
    exportedAt: deps.now().toISOString(),
    profile,
    account,
    balance,
  };
  return (async function* () {
    yield JSON.stringify(head).slice(0, -1);
    yield* listIn('operations', operations, deps.listOperations);
    yield* listIn('orders', orders, deps.listOrders);
    yield* listIn('letters', letters, deps.listLetters);
    yield `,"leftOut":${JSON.stringify(LEFT_OUT)},"complete":true}\n`;
  })();
}

/** One list of the document, a page at a time: the next one is read when this one is written. */
async function* listIn<T>(
  name: string,
  first: ExportPage<T>,
  read: ReadPage<T>,
): AsyncIterable<string> {
  yield `,"${name}":[`;
  let separator = '';
  for (let page = first; ; page = await read(page.nextCursor)) {
    if (page.data.length > 0) {
      // One text per page: a write costs more than an element.
      yield separator + page.data.map((element) => JSON.stringify(element)).join();
      separator = ',';
    }
    if (page.nextCursor === null) break;
  }
  yield ']';
}
