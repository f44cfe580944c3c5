import type { Logger } from 'pino';
import { listEndedSessions } from '#contracts/identity.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { createFaultLog } from '#platform/async/fault-log.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { CallTls } from '#platform/http/call-tls.ts';
import type { HttpClient } from '#platform/http/client.ts';
import { createTokenCheck } from '../auth/access-token.ts';
import { challenge } from '../auth/challenge.ts';
import type { createEndedSessions, EndedSessions } from '../auth/ended-sessions.ts';
import type { IssuerKeys } from '../auth/issuer-keys.ts';
import { readIdentityKeys, readIssuerKeys } from '../auth/read-keys.ts';
import type { GatewayConfig } from './config.ts';
import type { Gateway } from './context.ts';
import type { Customers } from './request-limits.ts';
import { foundIn } from './service-clients.ts';

const READ_TIMEOUT_MS = 5_000;

interface IdentificationParts {
  keys: IssuerKeys;
  endedSessions: EndedSessions;
  /** Gets the customer of each request. */
  customers: Customers;
  /** Whether the customer's personal data are erased: no token of theirs is accepted. */
  isErased: (customerId: string) => boolean;
}

/** Finds out who sends a request. */
export function createIdentification(
  config: GatewayConfig,
  { keys, endedSessions, customers, isErased }: IdentificationParts,
  log: Logger,
): Pick<Gateway, 'identify' | 'identifyOperator'> {
  const logFault = createFaultLog({ log });
  const checkToken = createTokenCheck({
    issuer: config.OIDC_ISSUER ?? config.TOKEN_ISSUER,
    audience: config.OIDC_AUDIENCE,
    keys: keys.find,
    types: config.TOKEN_TYPES,
    operatorClaim: config.OPERATOR_CLAIM,
    operatorValue: config.OPERATOR_CLAIM_VALUE,
    ...(config.OIDC_ISSUER === undefined && { isEnded: endedSessions.has }),
    onMismatch: (reason) => logFault('an access token is refused', new Error(reason)),
  });
  const identify: Gateway['identify'] = async (request) => {
    const customer = await checkToken(request.headers.authorization);
    if (isErased(customer.customerId)) {
      throw new AppError(commonProblems.unauthenticated, 'a token of an erased customer', {
        headers: challenge('invalid_token', 'The customer of the access token is erased'),
      });
    }
    customers.set(request, customer.customerId);
    return customer;
  };
  return {
    identify,
    async identifyOperator(request) {
      const caller = await identify(request);
      if (caller.operator) return caller;
      throw new AppError(commonProblems.forbidden, 'not an operator', {
        headers: challenge('insufficient_scope', 'This is for operators', 'operator'),
      });
    },
  };
}

/** Where the ended sessions are read; null from an identity of an earlier version. */
export function endedSource(
  identity: HttpClient | null,
): Parameters<typeof createEndedSessions>[0]['read'] {
  return async (withinS, after) => {
    if (identity === null) return null;
    const query = { withinS, ...(after !== undefined && { after }) };
    const options = { deadline: deadlineIn(READ_TIMEOUT_MS) };
    return foundIn(await identity.call(listEndedSessions, { query }, options));
  };
}

/** How the keys of the access tokens are read. GatewayConfig requires one of the two settings. */
export function keySourceOf(
  { OIDC_ISSUER: issuer, IDENTITY_URL: urls = [] }: GatewayConfig,
  tls: CallTls,
) {
  return (signal: AbortSignal) =>
    issuer === undefined ? readIdentityKeys(urls, signal, tls) : readIssuerKeys(issuer, signal);
}
