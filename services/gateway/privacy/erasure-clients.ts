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
// As the contract limits them; the first ones are those of the account and the profile.
const TRACES_MAX = 1_000;

const part = () => ({ deadline: deadlineIn(CALL_TIMEOUT_MS) });

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
    const body = {
      customerId,
      traces: traces.slice(0, TRACES_MAX),
      ...(cursor !== null && { cursor }),
    };
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
      // An external issuer keeps the account: its own pages delete it.
      if (client === null) return { next: null, waits: false };
      return eraseIn(client, traces, cursor);
    },
    async eraseMails(traces) {
      if (mailboxUrl !== undefined) await eraseMails(mailboxUrl, traces);
    },
    async finish(traces) {
      await eraseIn(clients.profiles, traces, null);
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
async function eraseMails(mailboxUrl: string, traces: erasure.Trace[]): Promise<void> {
  const addresses = traces.filter(({ kind }) => kind === 'address').map(({ text }) => text);
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
