import { request as httpRequest } from 'undici';
import * as erasure from '#contracts/erasure.ts';
import { getAccountData } from '#contracts/privacy.ts';
import * as profiles from '#contracts/profiles.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import type { HttpClient } from '#platform/http/client.ts';
import { bodyOf, foundIn, type ServiceClients } from '../context/service-clients.ts';
import type { EraseCustomerDeps, ErasedPart } from './erase-customer.ts';

/** Longer than any page takes. Another gateway goes on after it where this one died. */
export const LEASE_MS = 60_000;
// A page of an erasure is one or a few statements.
const CALL_TIMEOUT_MS = 5_000;
// As the contract limits them.
const TRACES_MAX = 1_000;
// The mailbox reads bodies of 64 KiB, and an address has up to 254 characters.
const MAILBOX_ADDRESSES_MAX = 200;

const part = () => ({ deadline: deadlineIn(CALL_TIMEOUT_MS) });

/** At least one part; the first has those of the account and the profile. */
function partsOf<T>(all: T[], size = TRACES_MAX): [T[], ...T[][]] {
  const others: T[][] = [];
  for (let at = size; at < all.length; at += size) others.push(all.slice(at, at + size));
  return [all.slice(0, size), ...others];
}

/** Binds the steps of an erasure to the services. */
export function erasureClients(
  clients: ServiceClients,
  { customerId, mailboxUrl }: { customerId: string; mailboxUrl: string | undefined },
): Omit<EraseCustomerDeps, 'mayGoOn'> {
  async function eraseIn(
    client: HttpClient,
    traces: erasure.Trace[],
    cursor: string | null,
  ): Promise<ErasedPart> {
    const body = { customerId, traces, ...(cursor !== null && { cursor }) };
    return bodyOf(await client.call(erasure.eraseCustomer, { body }, part()));
  }

  return {
    listTraces: () => listTraces(clients, customerId),
    async keep(progress) {
      const body = { leaseMs: LEASE_MS, ...progress };
      const request = { params: { customerId }, body };
      bodyOf(await clients.profiles.call(erasure.noteErasure, request, part()));
    },
    async erase(service, traces, cursor) {
      const client = clients[service];
      // An external issuer keeps the account, and its own pages delete it; webhooks are optional.
      if (client === null) return { next: null, waits: false };
      const [first, ...others] = partsOf(traces);
      // Each page once for each part of the traces: a page must know them all.
      let erased = await eraseIn(client, first, cursor);
      for (const part of others) erased = await eraseIn(client, part, cursor);
      return erased;
    },
    async eraseMails(traces) {
      if (mailboxUrl === undefined) return;
      const addresses = traces.filter(({ kind }) => kind === 'address').map(({ text }) => text);
      for (const part of partsOf(addresses, MAILBOX_ADDRESSES_MAX)) {
        await eraseMails(mailboxUrl, part);
      }
    },
    async finish(traces) {
      await eraseIn(clients.profiles, partsOf(traces)[0], null);
    },
  };
}

async function* listTraces(
  clients: ServiceClients,
  customerId: string,
): AsyncIterable<erasure.Trace[]> {
  const params = { customerId };
  const profile = foundIn(
    await clients.profiles.call(profiles.getProfile, { params, query: {} }, part()),
  );
  if (profile !== null) {
    yield [
      { kind: 'address', text: profile.email },
      { kind: 'name', text: profile.name },
    ];
  }
  if (clients.identity !== null) {
    const request = { params, query: {} };
    const account = foundIn(await clients.identity.call(getAccountData, request, part()));
    if (account !== null) yield [{ kind: 'address', text: account.email }];
  }
  for (let cursor: string | null = null; ; ) {
    const query = { customerId, ...(cursor !== null && { cursor }) };
    const page: { data: erasure.Trace[]; next: string | null } = bodyOf(
      await clients.notifications.call(erasure.listTraces, { query }, part()),
    );
    yield page.data;
    cursor = page.next;
    if (cursor === null) return;
  }
}

const MAILBOX_TIMEOUT_MS = 10_000;

/** Deletes the mails to these addresses from the mailbox of the default set-up. */
async function eraseMails(mailboxUrl: string, addresses: string[]): Promise<void> {
  const answer = await httpRequest(new URL('/mailbox/erasures', mailboxUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ addresses }),
    headersTimeout: MAILBOX_TIMEOUT_MS,
    bodyTimeout: MAILBOX_TIMEOUT_MS,
  });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`the mailbox answered ${answer.statusCode}`);
}
