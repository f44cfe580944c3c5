import * as billing from '#contracts/billing.ts';
import * as contract from '#contracts/operator.ts';
import * as profiles from '#contracts/profiles.ts';
import { type Deadline, deadlineIn } from '#platform/async/deadline.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { ProblemReply } from '#platform/http/client.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, partOr, problemOf } from '../context/service-clients.ts';
import { requireKey } from '../web/response-headers.ts';
import { topUpCheck, topUpWallet } from './wallet-routes.ts';

// A balance is one part of the answer: without it the customer is still recognised.
const BALANCE_BUDGET_MS = 1_500;

interface CallOptions {
  deadline: Deadline;
  traceId: string;
}

/** What the operator does with the wallet of a customer. */
export function serveOperatorWallets(app: HttpServer, gateway: Gateway): void {
  const { clients } = gateway;
  const identify = gateway.identifyOperator;

  serve(app, contract.findCustomers, { identify }, async ({ query, request, traceId }) => {
    const found = await findProfiles(gateway, query, { deadline: gateway.readDeadline(), traceId });
    const options = { deadline: deadlineIn(BALANCE_BUDGET_MS), traceId };
    const data = await Promise.all(
      found.map(async ({ email, ...profile }) => ({
        ...profile,
        email: maskAddresses(email),
        balance: await partOr(null, request.log, () =>
          readBalance(gateway, profile.customerId, options),
        ),
      })),
    );
    return { status: 200, body: { data, nextCursor: null } };
  });

  serve(
    app,
    contract.operatorTopUp,
    { identify, check: topUpCheck(gateway) },
    async ({ caller, params, body, headers, traceId }) => {
      const options = { deadline: gateway.readDeadline(), traceId };
      // Billing makes a wallet for any id: only profiles knows who exists.
      const customer = await findById(gateway, params.customerId, options);
      if (customer === null) {
        throw new AppError(contract.operatorProblems.customerNotFound, 'no such customer');
      }
      const idempotencyKey = `operator/${caller.customerId}/${requireKey(headers)}`;
      const operation = await topUpWallet(gateway, params, { ...body, idempotencyKey }, options);
      return { status: 201, body: operation };
    },
  );

  serve(app, contract.readAnyOperations, { identify }, async ({ params, query, traceId }) => {
    const answer = await clients.billing.call(
      billing.listOperations,
      { params, query },
      { deadline: gateway.readDeadline(), traceId },
    );
    return { status: 200, body: bodyOf(answer) };
  });

  serve(app, contract.reverseAnyTopUp, { identify }, async ({ caller, params, body, traceId }) => {
    const answer = await clients.billing.call(
      billing.reverseTopUp,
      { params, body: { ...body, madeBy: caller.customerId } },
      { deadline: gateway.readDeadline(), traceId },
    );
    if (answer.problem) throw reversalProblemOf(answer);
    return { status: 201, body: answer.body };
  });
}

/** At most one customer by id, or those who gave this address. */
async function findProfiles(
  gateway: Gateway,
  { customerId, email }: { customerId?: string; email?: string },
  options: CallOptions,
): Promise<profiles.Profile[]> {
  if (customerId !== undefined && email === undefined) {
    const customer = await findById(gateway, customerId, options);
    return customer === null ? [] : [customer];
  }
  if (email !== undefined && customerId === undefined) {
    const { profiles: client } = gateway.clients;
    const request = { query: { email } };
    return bodyOf(await client.call(profiles.findProfilesByEmail, request, options)).data;
  }
  throw new AppError(commonProblems.invalidRequest, 'not exactly one of customerId and email', {
    violations: [{ parameter: 'customerId', rule: 'oneOf', expected: 'customerId, email' }],
  });
}

async function findById(
  { clients }: Gateway,
  customerId: string,
  options: CallOptions,
): Promise<profiles.Profile | null> {
  const request = { params: { customerId }, query: {} };
  const answer = await clients.profiles.call(profiles.getProfile, request, options);
  if (answer.problem && answer.body.code === commonProblems.notFound.code) return null;
  return bodyOf(answer);
}

async function readBalance({ clients }: Gateway, customerId: string, options: CallOptions) {
  const request = { params: { customerId }, query: {} };
  return bodyOf(await clients.billing.call(billing.getWallet, request, options)).balance;
}

function reversalProblemOf(reply: ProblemReply): AppError {
  const error = problemOf(reply);
  if (error.problem !== billing.billingProblems.reversalExceedsBalance) return error;
  const { balance, amount } = reply.body as unknown as billing.ReversalExcess;
  return new AppError(error.problem, error.message, { extra: { balance, amount } });
}
