import type { FastifyRequest } from 'fastify';
import * as letters from '#contracts/letter-operations.ts';
import * as operator from '#contracts/operator.ts';
import * as orders from '#contracts/order-operations.ts';
import * as profiles from '#contracts/profiles.ts';
import * as wallets from '#contracts/wallet-lists.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, foundIn, PART_TIMEOUT_MS, partOr } from '../context/service-clients.ts';
import { parseQuery } from './parse-query.ts';
import { type SearchDeps, search } from './search.ts';

/** The operator's search over all services. */
export function serveSearch(app: HttpServer, gateway: Gateway): void {
  const { identifyOperator: identify } = gateway;

  serve(app, operator.search, { identify }, async ({ caller, query, request }) => {
    const deps = searchDeps(gateway, caller.customerId, request);
    return { status: 200, body: await search(deps, parseQuery(query.q)) };
  });
}

/** The calls of one search, in the name of its operator: all at once, then those for balances. */
function searchDeps({ clients }: Gateway, actor: string, { log }: FastifyRequest): SearchDeps {
  const deadline = deadlineIn(PART_TIMEOUT_MS);
  const options = { deadline, actor };
  const findOrders = async (query: { first: string; last: string } | { traceId: string }) =>
    bodyOf(await clients.orders.call(orders.findOrders, { query }, options)).data;
  return {
    findOrders: ({ first, last }) => findOrders({ first, last }),
    findTracedOrders: (traceId) => findOrders({ traceId }),
    async hasOrders(customerId) {
      const request = { query: { customerId, limit: 1 } };
      // Without an actor: the operator is not shown the order.
      const answer = await clients.orders.call(orders.listAllOrders, request, { deadline });
      return bodyOf(answer).data.length > 0;
    },
    async findLetter(letterId) {
      const request = { params: { letterId }, query: {} };
      return foundIn(await clients.notifications.call(letters.getAnyLetter, request, options));
    },
    async findTracedLetters(traceId) {
      const request = { query: { traceId } };
      const answer = await clients.notifications.call(letters.findTracedLetters, request, options);
      return bodyOf(answer).data;
    },
    async findOperation(operationId) {
      const request = { params: { operationId }, query: {} };
      const answer = await clients.billing.call(wallets.getAnyOperation, request, options);
      return foundIn(answer)?.operation ?? null;
    },
    async findBalances(customerIds) {
      const request = { query: {}, body: { customerIds } };
      // They follow the profiles: where those do not answer, their deadline has passed by now, and
      // billing would be named as away too.
      const deadline = deadlineIn(PART_TIMEOUT_MS);
      const answer = await clients.billing.call(wallets.lookUpWallets, request, { deadline });
      return new Map(bodyOf(answer).data.map((each) => [each.customerId, each.balance]));
    },
    async findProfile(customerId) {
      const request = { params: { customerId }, query: {} };
      return foundIn(await clients.profiles.call(profiles.getProfile, request, options));
    },
    async findProfilesByEmail(email) {
      const request = { query: { email } };
      return bodyOf(await clients.profiles.call(profiles.findProfilesByEmail, request, options))
        .data;
    },
    partOr: (otherwise, call) => partOr(otherwise, log, call),
  };
}
