import type { FastifyRequest } from 'fastify';
import type { Deadline } from '#platform/async/deadline.ts';
import type { Customer } from '../auth/access-token.ts';
import type { ServiceClients } from './service-clients.ts';

/** What the gateway's routes share. */
export interface Gateway {
  config: { CURRENCY: string; WALLET_SELF_TOP_UP: boolean; ORDER_DEADLINE_MS: number };
  clients: ServiceClients;
  /** The signed-in customer of a request, or 401. */
  identify: (request: FastifyRequest) => Promise<Customer>;
  /** The signed-in operator, or 401, or 403 for customers. */
  identifyOperator: (request: FastifyRequest) => Promise<Customer>;
  /** Budget of everything but an order. */
  readDeadline: () => Deadline;
  /** With an external issuer, stores the token's contact data once; not to be awaited by an order. */
  provisionProfile: (customer: Customer) => Promise<void>;
}
