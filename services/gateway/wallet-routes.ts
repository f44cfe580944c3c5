import { randomUUID } from 'node:crypto';
import * as billing from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import * as contract from '#contracts/gateway.ts';
import { AppError } from '#platform/errors.ts';
import { type HttpServer, serve } from '#platform/http-server.ts';
import type { Gateway } from './gateway.ts';
import { problemOf } from './neighbours.ts';
import { currencyFaults } from './order-faults.ts';

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

  async function topUp(customerId: string, amount: Money, key: string, traceId: string) {
    const answer = await neighbours.billing.call(
      billing.topUpWallet,
      { params: { customerId }, body: { amount, idempotencyKey: key } },
      { deadline: gateway.readDeadline(), traceId },
    );
    if (answer.problem) throw problemOf(answer);
    return answer.body;
  }

  serve(app, contract.topUp, { identify, check }, async ({ caller, body, headers, traceId }) => {
    if (!config.WALLET_SELF_TOP_UP) {
      throw new AppError(contract.gatewayProblems.selfTopUpOff, 'self top-up is off');
    }
    const key = headers['idempotency-key'] ?? randomUUID();
    const operation = await topUp(caller.customerId, body.amount, `self/${key}`, traceId);
    return { status: 201, body: operation, headers: { 'idempotency-key': key } };
  });

  serve(
    app,
    contract.operatorTopUp,
    { identify: gateway.identifyOperator, check },
    async ({ caller, params, body, headers, traceId }) => {
      const key = headers['idempotency-key'] ?? randomUUID();
      // Keys belong to who sends them: the operator's never meet the customer's own.
      const scoped = `operator/${caller.customerId}/${key}`;
      const operation = await topUp(params.customerId, body.amount, scoped, traceId);
      return { status: 201, body: operation, headers: { 'idempotency-key': key } };
    },
  );
}
