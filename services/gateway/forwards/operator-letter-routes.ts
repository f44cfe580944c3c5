import * as notifications from '#contracts/notifications.ts';
import * as contract from '#contracts/operator.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { problemOf } from '../context/service-clients.ts';

const { letterSent, noContact } = notifications.notificationProblems;

/** The letters of all customers, for the operator. */
export function serveOperatorLetters(app: HttpServer, gateway: Gateway): void {
  const { clients } = gateway;
  const options = { identify: gateway.identifyOperator };
  const within = (traceId: string) => ({ deadline: gateway.readDeadline(), traceId });

  serve(app, contract.readAllLetters, options, async ({ query, traceId }) => {
    const call = notifications.listAllLetters;
    const answer = await clients.notifications.call(call, { query }, within(traceId));
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });

  serve(app, contract.readAnyLetter, options, async ({ params, query, traceId }) => {
    const call = notifications.getAnyLetter;
    const answer = await clients.notifications.call(call, { params, query }, within(traceId));
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });

  serve(app, contract.previewAnyLetter, options, async ({ params, query, traceId }) => {
    const call = notifications.previewLetter;
    const answer = await clients.notifications.call(call, { params, query }, within(traceId));
    if (answer.problem) throw problemOf(answer, [noContact]);
    return { status: 200, body: answer.body };
  });

  serve(app, contract.resendAnyLetter, options, async ({ params, query, traceId }) => {
    const call = notifications.resendLetter;
    const answer = await clients.notifications.call(call, { params, query }, within(traceId));
    if (answer.problem) throw problemOf(answer, [letterSent]);
    return { status: 200, body: answer.body };
  });

  serve(app, contract.resendFailedLetters, options, async ({ query, body, traceId }) => {
    const call = notifications.resendLetters;
    const answer = await clients.notifications.call(call, { query, body }, within(traceId));
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });
}

/** Messages that could not become letters, for the operator. */
export function serveDeadLetters(app: HttpServer, gateway: Gateway): void {
  const { clients } = gateway;
  const options = { identify: gateway.identifyOperator };
  const within = (traceId: string) => ({ deadline: gateway.readDeadline(), traceId });

  serve(app, contract.readDeadLetters, options, async ({ query, traceId }) => {
    const call = notifications.listDeadLetters;
    const answer = await clients.notifications.call(call, { query }, within(traceId));
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });

  serve(app, contract.readDeadLetter, options, async ({ params, query, traceId }) => {
    const call = notifications.getDeadLetter;
    const answer = await clients.notifications.call(call, { params, query }, within(traceId));
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });

  serve(app, contract.redriveOne, options, async ({ params, query, traceId }) => {
    const call = notifications.redriveDeadLetter;
    const answer = await clients.notifications.call(call, { params, query }, within(traceId));
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });

  serve(app, contract.redriveMany, options, async ({ query, traceId }) => {
    const call = notifications.redriveDeadLetters;
    const answer = await clients.notifications.call(call, { query }, within(traceId));
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: answer.body };
  });
}
