import * as operator from '#contracts/operator-webhooks.ts';
import * as webhooks from '#contracts/webhooks.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
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
  any(operator.rotateEndpointSecret, client, webhooks.rotateWebhookSecret);
  any(operator.sendTestWebhook, client, webhooks.testWebhookEndpoint);
  any(operator.replayWebhooks, client, webhooks.replayWebhookEvents);
  any(operator.readWebhookDeliveries, client, webhooks.listWebhookDeliveries);
  any(operator.readWebhookDelivery, client, webhooks.getWebhookDelivery);
  any(operator.redeliverOne, client, webhooks.redeliverWebhook);

  const { identifyOperator: identify } = gateway;
  const optionsOf = (actor: string) => ({ deadline: gateway.readDeadline(), actor });

  serve(app, operator.addWebhookEndpoint, { identify }, async ({ caller, body }) => {
    const answer = await client.call(
      webhooks.createWebhookEndpoint,
      { query: {}, body },
      optionsOf(caller.customerId),
    );
    const endpoint = bodyOf(answer, operator.addWebhookEndpoint.problems);
    const location = `${operator.addWebhookEndpoint.path}/${endpoint.id}`;
    return { status: 201, body: endpoint, headers: { location } };
  });

  serve(app, operator.removeWebhookEndpoint, { identify }, async ({ caller, params }) => {
    const answer = await client.call(
      webhooks.deleteWebhookEndpoint,
      { params, query: {} },
      optionsOf(caller.customerId),
    );
    bodyOf(answer);
    return { status: 204, body: null };
  });
}
