import * as contract from '#contracts/gateway.ts';
import * as notifications from '#contracts/notifications.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { problemOf } from '../context/service-clients.ts';

/** The customer's letters. */
export function serveLetters(app: HttpServer, gateway: Gateway): void {
  const { clients, identify } = gateway;

  serve(app, contract.readLetters, { identify }, async ({ caller, query, traceId }) => {
    const answer = await clients.notifications.call(
      notifications.listLetters,
      { query: { ...query, customerId: caller.customerId } },
      { deadline: gateway.readDeadline(), traceId },
    );
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });

  serve(app, contract.readLetter, { identify }, async ({ caller, params, traceId }) => {
    const answer = await clients.notifications.call(
      notifications.getLetter,
      { params, query: { customerId: caller.customerId } },
      { deadline: gateway.readDeadline(), traceId },
    );
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });
}
