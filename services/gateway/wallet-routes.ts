import * as billing from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import * as contract from '#contracts/gateway.ts';
import { operatorTopUp } from '#contracts/operator.ts';
import { AppError } from '#platform/errors.ts';
import { type HttpServer, serve } from '#platform/http-server.ts';
import { requireKey } from './answer-headers.ts';
import type { Gateway } from './gateway.ts';
import { problemOf } from './neighbours.ts';
import { currencyFaults } from './order-faults.ts';

interface TopUpCall {
  /** Whose the key is: the operator's keys never meet the customer's own. */
  scope: string;
  key: string;
  traceId: string;
}

/** The customer's wallet, and the operator's top-ups. */
export function serveWallets(app: HttpServer, gateway: Gateway): void {
  const { neighbours, config, identify } = gateway;
  const check = (body: unknown) =>
    currencyFaults((body as { amount?: unknown } | null)?.amount, '/amount', config.CURRENCY);

  serve(app, contract.readWallet, { identify }, async ({ caller, traceId }) => {
    const answer = await neighbours.billing.call(
      billing.getWallet,
      { params: { customerId: caller.customerId }, query: {} },
      { deadline: gateway.readDeadline(), traceId },
    );
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });

  serve(app, contract.readOperations, { identify }, async ({ caller, query, traceId }) => {
    const answer = await neighbours.billing.call(
      billing.listOperations,
      { params: { customerId: caller.customerId }, query },
      { deadline: gateway.readDeadline(), traceId },
    );
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });

  async function topUp(customerId: string, amount: Money, call: TopUpCall) {
    const { scope, key, traceId } = call;
    const answer = await neighbours.billing.call(
      billing.topUpWallet,
      { params: { customerId }, body: { amount, idempotencyKey: `${scope}/${key}` } },
      { deadline: gateway.readDeadline(), traceId },
    );
    if (answer.problem) throw problemOf(answer);
    return { status: 201 as const, body: answer.body };
  }

  serve(app, contract.topUp, { identify, check }, async ({ caller, body, headers, traceId }) => {
    if (!config.WALLET_SELF_TOP_UP) {
      throw new AppError(contract.gatewayProblems.selfTopUpOff, 'self top-up is off');
    }
    const key = requireKey(headers);
    return topUp(caller.customerId, body.amount, { scope: 'self', key, traceId });
  });

  serve(
    app,
    operatorTopUp,
    { identify: gateway.identifyOperator, check },
    async ({ caller, params, body, headers, traceId }) => {
      const key = requireKey(headers);
      const scope = `operator/${caller.customerId}`;
      return topUp(params.customerId, body.amount, { scope, key, traceId });
    },
  );
}
