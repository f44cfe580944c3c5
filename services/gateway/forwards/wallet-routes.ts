import * as billing from '#contracts/billing.ts';
import * as contract from '#contracts/gateway.ts';
import * as operator from '#contracts/operator.ts';
import { AppError, type Violation } from '#platform/errors.ts';
import type { ProblemReply } from '#platform/http/client.ts';
import { isReplay, REPLAYED } from '#platform/http/replayed.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, operationNotFound, problemOf } from '../context/service-clients.ts';
import { currencyViolations } from '../orders/validate-order.ts';
import { requireKey } from '../web/response-headers.ts';
import { findById } from './customer-routes.ts';

/** The customer's own wallet. */
export function serveWallets(app: HttpServer, gateway: Gateway): void {
  const { clients, config, identify } = gateway;

  serve(app, contract.readWallet, { identify }, async ({ caller }) => {
    // An operator tops up customers whose profile exists, also before their first order.
    void gateway.provisionProfile(caller);
    const answer = await clients.billing.call(
      billing.getWallet,
      { params: { customerId: caller.customerId }, query: {} },
      { deadline: gateway.readDeadline() },
    );
    return { status: 200, body: bodyOf(answer) };
  });

  const check = topUpCheck(gateway);
  serve(app, contract.topUp, { identify, check }, async ({ caller, body, headers }) => {
    if (!config.WALLET_SELF_TOP_UP) {
      throw new AppError(contract.gatewayProblems.selfTopUpOff, 'self top-up is off');
    }
    // Keys begin with their owner, so that those of two callers never collide.
    const idempotencyKey = `self/${requireKey(headers).sentKey}`;
    const answer = await clients.billing.call(
      billing.topUpWallet,
      { params: { customerId: caller.customerId }, body: { ...body, idempotencyKey } },
      { deadline: gateway.readDeadline() },
    );
    return { status: 201, body: bodyOf(answer), headers: replayOf(answer) };
  });
}

/** Customers' wallets, for the operator. */
export function serveOperatorWallets(app: HttpServer, gateway: Gateway): void {
  const { clients } = gateway;
  const identify = gateway.identifyOperator;

  serve(
    app,
    operator.operatorTopUp,
    { identify, check: topUpCheck(gateway) },
    async ({ caller, params, body, headers }) => {
      const options = { deadline: gateway.readDeadline() };
      // Billing creates a wallet for any id, so profiles has to know the customer.
      const [customer] = await findById(gateway, params.customerId, options);
      if (customer === undefined) {
        throw new AppError(operator.operatorProblems.customerNotFound, 'no such customer');
      }
      const idempotencyKey = `operator/${caller.customerId}/${requireKey(headers).sentKey}`;
      const request = { params, body: { ...body, idempotencyKey } };
      const answer = await clients.billing.call(billing.topUpWallet, request, {
        ...options,
        actor: caller.customerId,
      });
      return { status: 201, body: bodyOf(answer), headers: replayOf(answer) };
    },
  );

  serve(app, operator.reverseAnyTopUp, { identify }, async ({ caller, params, body }) => {
    const answer = await clients.billing.call(
      billing.reverseTopUp,
      { params, body: { ...body, madeBy: caller.customerId } },
      { deadline: gateway.readDeadline(), actor: caller.customerId },
    );
    if (answer.problem) throw reversalProblemOf(answer);
    return { status: 201, body: answer.body, headers: replayOf(answer) };
  });
}

/** Says that an earlier request made the operation. */
function replayOf(answer: object): Record<string, string> {
  return isReplay(answer) ? REPLAYED : {};
}

/** The currency of a top-up, which its schema leaves open. */
function topUpCheck({ config }: Gateway): (body: unknown) => Violation[] {
  return (body) =>
    currencyViolations((body as { amount?: unknown } | null)?.amount, '/amount', config.CURRENCY);
}

function reversalProblemOf(reply: ProblemReply): AppError {
  const error = problemOf(reply, [operationNotFound]);
  if (error.problem !== billing.billingProblems.reversalExceedsBalance) return error;
  const { balance, amount } = reply.body as unknown as billing.ReversalExcess;
  return new AppError(error.problem, error.message, { extra: { balance, amount } });
}
