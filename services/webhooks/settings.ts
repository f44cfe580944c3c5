import { Type } from 'typebox';

const DAYS_MAX = 3_650;

/** Settings that only webhooks has. */
export const webhookSettings = {
  WEBHOOKS_SECRET: Type.String({
    pattern: '^.{32,}$',
    description:
      "At least 32 random characters that encrypt the endpoints' secrets in the database; the " +
      'same for all replicas and starts.',
  }),
  WEBHOOKS_SECRET_PREVIOUS: Type.Optional(
    Type.String({
      pattern: '^.{32,}$',
      description:
        'A second secret that may have encrypted them, while WEBHOOKS_SECRET is replaced; they ' +
        'are encrypted again by WEBHOOKS_SECRET.',
    }),
  ),
  WEBHOOKS_ALLOW_PRIVATE: Type.Boolean({
    default: false,
    description: 'Whether webhooks may go to private and loopback addresses, and by http.',
  }),
  WEBHOOK_RETENTION_DAYS: Type.Integer({
    default: 30,
    // A message is delivered again as long as the topic or the outbox has it, 7 days by default.
    minimum: 8,
    maximum: DAYS_MAX,
    description: 'Days that events are kept for replays, and deliveries with their attempts.',
  }),
};
