import type { FastifyRequest } from 'fastify';
import type { GatewayOverview } from '#contracts/operator.ts';
import type { Deadline } from '#platform/async/deadline.ts';
import type { Customer } from '../auth/access-token.ts';
import type { EndedSessions } from '../auth/ended-sessions.ts';
import type { GatewayConfig } from './config.ts';
import type { ServiceClients } from './service-clients.ts';

/** The context that all routes of the gateway share. */
export interface Gateway {
  config: Pick<
    GatewayConfig,
    | 'CONFIRM_ADDRESSES'
    | 'CURRENCY'
    | 'DECLINED_ORDERS_PER_MINUTE'
    | 'ORDER_DEADLINE_MS'
    | 'RECOVERY_AGE_MS'
    | 'WALLET_SELF_TOP_UP'
  >;
  /** Where the console is, for links in letters; without a slash at its end. */
  publicUrl: () => string;
  clients: ServiceClients;
  /** The signed-in customer of a request, or 401. */
  identify: (request: FastifyRequest) => Promise<Customer>;
  /** The signed-in operator, or 401, or 403 for customers. */
  identifyOperator: (request: FastifyRequest) => Promise<Customer>;
  /** Sessions whose tokens `identify` refuses. */
  endedSessions: Pick<EndedSessions, 'add'>;
  /** The deadline of every request but an order. */
  readDeadline: () => Deadline;
  /** With an external issuer, stores the token's contact data once. An order must not await it. */
  provisionProfile: (customer: Customer) => Promise<void>;
  /** The gateway's own part of the overview; null without an external issuer. */
  overview: () => GatewayOverview | null;
}
