import * as operator from '#contracts/operator-webhooks.ts';
import * as webhooks from '#contracts/webhooks.ts';
import type { HttpClient } from '#platform/http/client.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import { NO_STORE } from '../accounts/account-options.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf } from '../context/service-clients.ts';
import { forwardFor } from './forward.ts';

/** The operations of webhooks. Without the service they do not exist. */
export function serveWebhooks(app: HttpServer, gateway: Gateway): void {
  const { webhooks: client } = gateway.clients;
  if (client === null) return;
  const any = forwardFor('operator', app, gateway);
  any(operator.readWebhookEndpoints, client, webhooks.listWebhookEndpoints);
  any(operator.readWebhookEndpoint, client, webhooks.getWebhookEndpoint);
  any(operator.changeWebhookEndpoint, client, webhooks.putWebhookEndpoint);
  any(operator.replayWebhooks, client, webhooks.replayWebhookEvents);
  any(operator.readWebhookDeliveries, client, webhooks.listWebhookDeliveries);
  any(operator.readWebhookDelivery, client, webhooks.getWebhookDelivery);
  any(operator.redeliverOne, client, webhooks.redeliverWebhook);

  serveChanges(app, gateway, client);
}

/** Changes that have an answer of their own, or must not be made twice. */
function serveChanges(app: HttpServer, gateway: Gateway, client: HttpClient): void {
  const { identifyOperator: identify } = gateway;
  // Without a deadline there is one attempt: a second one would add, send or rotate once more.
  const once = ({ customerId: actor }: { customerId: string }) => ({ actor });

  serve(app, operator.addWebhookEndpoint, { identify }, async ({ caller, body }) => {
    const request = { query: {}, body };
    const answer = await client.call(webhooks.createWebhookEndpoint, request, once(caller));
    const endpoint = bodyOf(answer, operator.addWebhookEndpoint.problems);
    const location = `${operator.addWebhookEndpoint.path}/${endpoint.id}`;
    return { status: 201, body: endpoint, headers: { location, ...NO_STORE } };
  });

  serve(app, operator.rotateEndpointSecret, { identify }, async ({ caller, params }) => {
    const request = { params, query: {} };
    const answer = await client.call(webhooks.rotateWebhookSecret, request, once(caller));
    return { status: 200, body: bodyOf(answer), headers: NO_STORE };
  });

  serve(app, operator.sendTestWebhook, { identify }, async ({ caller, params }) => {
    const request = { params, query: {} };
    const answer = await client.call(webhooks.testWebhookEndpoint, request, once(caller));
    return { status: 200, body: bodyOf(answer, operator.sendTestWebhook.problems) };
  });

  serve(app, operator.removeWebhookEndpoint, { identify }, async ({ caller, params }) => {
    const request = { params, query: {} };
    const options = { deadline: gateway.readDeadline(), actor: caller.customerId };
    bodyOf(await client.call(webhooks.deleteWebhookEndpoint, request, options));
    return { status: 204, body: null };
  });
}
