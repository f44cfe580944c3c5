import * as billing from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import * as contract from '#contracts/gateway.ts';
import type { Deadline } from '#platform/async/deadline.ts';
import { AppError, type Violation } from '#platform/errors.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf } from '../context/service-clients.ts';
import { currencyFaults } from '../orders/validate-order.ts';
import { requireKey } from '../web/response-headers.ts';

/** The customer's own wallet. */
export function serveWallets(app: HttpServer, gateway: Gateway): void {
  const { clients, config, identify } = gateway;

  serve(app, contract.readWallet, { identify }, async ({ caller, traceId }) => {
    // An operator tops up customers whose profile exists, also before their first order.
    void gateway.provisionProfile(caller);
    const answer = await clients.billing.call(
      billing.getWallet,
      { params: { customerId: caller.customerId }, query: {} },
      { deadline: gateway.readDeadline(), traceId },
    );
    return { status: 200, body: bodyOf(answer) };
  });

  serve(app, contract.readOperations, { identify }, async ({ caller, query, traceId }) => {
    const answer = await clients.billing.call(
      billing.listOperations,
      { params: { customerId: caller.customerId }, query },
      { deadline: gateway.readDeadline(), traceId },
    );
    const { data, nextCursor } = bodyOf(answer);
    // Which operator made a reversal is for operators.
    return { status: 200, body: { data: data.map(({ madeBy: _, ...each }) => each), nextCursor } };
  });

  const check = topUpCheck(gateway);
  serve(app, contract.topUp, { identify, check }, async ({ caller, body, headers, traceId }) => {
    if (!config.WALLET_SELF_TOP_UP) {
      throw new AppError(contract.gatewayProblems.selfTopUpOff, 'self top-up is off');
    }
    const operation = await topUpWallet(
      gateway,
      { customerId: caller.customerId },
      { ...body, idempotencyKey: `self/${requireKey(headers)}` },
      { deadline: gateway.readDeadline(), traceId },
    );
    return { status: 201, body: operation };
  });
}

/** The currency of a top-up, which its schema leaves open. */
export function topUpCheck({ config }: Gateway): (body: unknown) => Violation[] {
  return (body) =>
    currencyFaults((body as { amount?: unknown } | null)?.amount, '/amount', config.CURRENCY);
}

/** @param body `idempotencyKey` begins with whose key it is, so that keys of two never meet */
export async function topUpWallet(
  { clients }: Gateway,
  params: { customerId: string },
  body: { amount: Money; idempotencyKey: string },
  options: { deadline: Deadline; traceId: string },
): Promise<billing.WalletOperation> {
  return bodyOf(await clients.billing.call(billing.topUpWallet, { params, body }, options));
}
