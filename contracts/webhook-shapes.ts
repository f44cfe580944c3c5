// The shapes of webhooks' answers (answer-shapes.ts). Browsers load this module too.

import { filled, listOf, object, oneOf, uuid } from './shapes.ts';

const webhookEndpointMembers = {
  id: uuid,
  url: filled,
  state: oneOf('enabled', 'disabled'),
  statuses: listOf(filled),
};
export const webhookEndpoint = object(webhookEndpointMembers);
export const webhookSecret = object({ ...webhookEndpointMembers, secret: filled });
export const webhookDelivery = object({
  id: uuid,
  endpointId: uuid,
  state: filled,
  attempts: listOf(object({})),
});
