import { Type } from 'typebox';
import { operatorTwin } from './operation.ts';
import * as webhooks from './webhooks.ts';

// The operations of webhooks that the gateway offers to operators. Without the setting WEBHOOKS_URL
// they answer 404.

export const readWebhookEndpoints = operatorTwin(webhooks.listWebhookEndpoints, {
  operationId: 'readWebhookEndpoints',
});

export const addWebhookEndpoint = operatorTwin(webhooks.createWebhookEndpoint, {
  operationId: 'addWebhookEndpoint',
  location: true,
});

export const readWebhookEndpoint = operatorTwin(webhooks.getWebhookEndpoint, {
  operationId: 'readWebhookEndpoint',
});

export const changeWebhookEndpoint = operatorTwin(webhooks.putWebhookEndpoint, {
  operationId: 'changeWebhookEndpoint',
});

export const removeWebhookEndpoint = operatorTwin(webhooks.deleteWebhookEndpoint, {
  operationId: 'removeWebhookEndpoint',
  responses: { 204: Type.Null() },
});

export const rotateEndpointSecret = operatorTwin(webhooks.rotateWebhookSecret, {
  operationId: 'rotateEndpointSecret',
});

export const sendTestWebhook = operatorTwin(webhooks.testWebhookEndpoint, {
  operationId: 'sendTestWebhook',
});

export const replayWebhooks = operatorTwin(webhooks.replayWebhookEvents, {
  operationId: 'replayWebhooks',
});

export const readWebhookDeliveries = operatorTwin(webhooks.listWebhookDeliveries, {
  operationId: 'readWebhookDeliveries',
});

export const readWebhookDelivery = operatorTwin(webhooks.getWebhookDelivery, {
  operationId: 'readWebhookDelivery',
});

export const redeliverOne = operatorTwin(webhooks.redeliverWebhook, {
  operationId: 'redeliverOne',
});
