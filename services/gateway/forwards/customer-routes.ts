import type { FastifyBaseLogger } from 'fastify';
import type { Static } from 'typebox';
import type { Money } from '#contracts/common.ts';
import * as operator from '#contracts/operator.ts';
import * as profiles from '#contracts/profiles.ts';
import { lookUpWallets } from '#contracts/wallet-lists.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { CallOptions } from '#platform/http/client.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, foundIn, PART_TIMEOUT_MS, partOr } from '../context/service-clients.ts';

/** Customers with their balances, for the operator. */
export function serveCustomers(app: HttpServer, gateway: Gateway): void {
  const { identifyOperator: identify } = gateway;

  serve(app, operator.findCustomers, { identify }, async ({ caller, query, request }) => {
    const actor = caller.customerId;
    const options = { deadline: gateway.readDeadline(), actor };
    const { data: found, nextCursor } = await findProfiles(gateway, query, options);
    const ids = found.map(({ customerId }) => customerId);
    const balances = await readBalances(gateway, ids, request.log);
    const data = found.map(({ customerId, name, email, locale }) => ({
      customerId,
      // A customer may write an address as the name.
      name: maskAddresses(name),
      email: maskAddresses(email),
      locale,
      balance: balanceIn(gateway, balances, customerId),
    }));
    return { status: 200, body: { data, nextCursor } };
  });
}

/** The balances of those with a wallet; null while billing does not answer. */
async function readBalances(
  { clients }: Gateway,
  customerIds: string[],
  log: FastifyBaseLogger,
): Promise<Map<string, Money> | null> {
  if (customerIds.length === 0) return new Map();
  const options = { deadline: deadlineIn(PART_TIMEOUT_MS) };
  return partOr(null, log, async () => {
    const answer = await clients.billing.call(
      lookUpWallets,
      { query: {}, body: { customerIds } },
      options,
    );
    return new Map(bodyOf(answer).data.map(({ customerId, balance }) => [customerId, balance]));
  });
}

function balanceIn(
  { config }: Gateway,
  balances: Map<string, Money> | null,
  customerId: string,
): Money | null {
  if (balances === null) return null;
  return balances.get(customerId) ?? { amount: 0, currency: config.CURRENCY };
}

type CustomerQuery = Static<typeof operator.findCustomers.query>;
type ProfilePage = { data: profiles.Profile[]; nextCursor: string | null };

/** At most one customer by id, all with this address, or one page of all. */
async function findProfiles(
  gateway: Gateway,
  { customerId, email, ...list }: CustomerQuery,
  options: CallOptions,
): Promise<ProfilePage> {
  const { profiles: client } = gateway.clients;
  if (customerId === undefined && email === undefined) {
    return bodyOf(await client.call(profiles.listProfiles, { query: list }, options));
  }
  if (customerId !== undefined && email !== undefined) {
    throw new AppError(commonProblems.invalidRequest, 'both customerId and email', {
      violations: [{ parameter: 'customerId', rule: 'oneOf', expected: 'customerId, email' }],
    });
  }
  const found = await (customerId === undefined
    ? findByEmail(gateway, email as string, options)
    : findById(gateway, customerId, options));
  const { locale, confirmed } = list;
  const data = found.filter(
    (profile) =>
      (locale === undefined || profile.locale === locale) &&
      (confirmed === undefined || profile.emailConfirmed === confirmed),
  );
  return { data, nextCursor: null };
}

async function findByEmail(
  { clients }: Gateway,
  email: string,
  options: CallOptions,
): Promise<profiles.Profile[]> {
  const request = { query: { email } };
  return bodyOf(await clients.profiles.call(profiles.findProfilesByEmail, request, options)).data;
}

/** The profile of this customer, alone or not at all. */
export async function findById(
  { clients }: Gateway,
  customerId: string,
  options: CallOptions,
): Promise<profiles.Profile[]> {
  const request = { params: { customerId }, query: {} };
  const found = foundIn(await clients.profiles.call(profiles.getProfile, request, options));
  return found === null ? [] : [found];
}
