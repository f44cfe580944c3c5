import type { FastifyBaseLogger } from 'fastify';
import type { Logger } from 'pino';
import * as billing from '#contracts/billing.ts';
import * as orders from '#contracts/orders.ts';
import {
  AppError,
  commonProblems,
  describeError,
  type ProblemType,
  type Violation,
} from '#platform/errors.ts';
import type { CallTls } from '#platform/http/call-tls.ts';
import {
  type Answer,
  createHttpClient,
  type HttpClient,
  type ProblemReply,
} from '#platform/http/client.ts';
import type { Endpoint } from '#platform/http/endpoint.ts';
import { createCredentials } from '#platform/http/service-token.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { GatewayConfig } from './config.ts';

/** The clients of the other services. */
export interface ServiceClients {
  orders: HttpClient;
  billing: HttpClient;
  profiles: HttpClient;
  notifications: HttpClient;
  /** Absent where the installation has no webhooks. */
  webhooks: HttpClient | null;
  /** Absent when an external issuer keeps the accounts. */
  identity: HttpClient | null;
}

/** Clients of the services that the settings name. */
export async function createServiceClients(
  config: GatewayConfig,
  log: Logger,
  metrics: Metrics,
  tls: CallTls,
): Promise<ServiceClients> {
  const credentials = await createCredentials('gateway', config.GATEWAY_PRIVATE_KEY);
  const client = (callee: string, urls: string[]) =>
    createHttpClient({ callee, urls, credentials, log, metrics, tls });
  // With an external issuer the gateway ignores identity, also where IDENTITY_URL is set.
  const identityUrls = config.OIDC_ISSUER === undefined ? config.IDENTITY_URL : undefined;
  return {
    orders: client('orders', config.ORDERS_URL),
    billing: client('billing', config.BILLING_URL),
    profiles: client('profiles', config.PROFILES_URL),
    notifications: client('notifications', config.NOTIFICATIONS_URL),
    webhooks: config.WEBHOOKS_URL === undefined ? null : client('webhooks', config.WEBHOOKS_URL),
    identity: identityUrls === undefined ? null : client('identity', identityUrls),
  };
}

/** Problems of services that reach the customer unchanged. */
const passedOn: ProblemType[] = [
  commonProblems.invalidRequest,
  commonProblems.notFound,
  commonProblems.tooMany,
  commonProblems.tooLarge,
  ...Object.values(orders.orderProblems),
  ...Object.values(billing.billingProblems),
];

/** `not-found` with a text that names what is missing, for `problemOf`. */
export const orderNotFound: ProblemType = {
  ...commonProblems.notFound,
  ru: { title: 'Заказ не найден', detail: 'Заказа с таким номером нет.' },
  en: { title: 'Order not found', detail: 'There is no order with this id.' },
};
export const operationNotFound: ProblemType = {
  ...commonProblems.notFound,
  ru: { title: 'Операция не найдена', detail: 'В этом кошельке нет операции с таким номером.' },
  en: { title: 'Operation not found', detail: 'This wallet has no operation with this id.' },
};

/**
 * Converts the problem of an internal call to our own error. It keeps the violations: their JSON
 * pointers are valid for the public body too.
 * @param known further problem types that may be passed on; they come first
 */
export function problemOf(reply: ProblemReply, known: readonly ProblemType[] = []): AppError {
  const { body } = reply;
  const type = [...known, ...passedOn].find((problem) => problem.code === body.code);
  if (type === undefined) {
    // Our own credentials were refused, or the problem is not declared: not the caller's fault, and
    // another replica may accept the request.
    return new AppError(
      commonProblems.unavailable,
      `an internal call answered ${reply.status} ${body.code}`,
    );
  }
  const retryAfter = reply.retryAfter;
  return new AppError(type, body.detail, {
    violations: (body.errors ?? []) as Violation[],
    ...(retryAfter !== undefined && { headers: { 'retry-after': retryAfter } }),
  });
}

type BodyOf<E extends Endpoint> = Extract<Answer<E>, { problem: false }>['body'];

/** The body of an answer. @throws AppError when that is a problem (`problemOf`) */
export function bodyOf<E extends Endpoint>(
  answer: Answer<E>,
  known?: readonly ProblemType[],
): BodyOf<E> {
  if (answer.problem) throw problemOf(answer, known);
  return answer.body;
}

/** The same; null for what does not exist. */
export function foundIn<E extends Endpoint>(answer: Answer<E>): BodyOf<E> | null {
  if (answer.problem && answer.body.code === commonProblems.notFound.code) return null;
  return bodyOf(answer);
}

/** The timeout of a part of an answer: the other parts are shown soon, also while it is missing. */
export const PART_TIMEOUT_MS = 1_500;

/** A part of an answer; `otherwise` when its read fails, so that the other parts are answered. */
export async function partOr<T, O>(
  otherwise: O,
  log: FastifyBaseLogger,
  read: () => Promise<T>,
): Promise<T | O> {
  try {
    return await read();
  } catch (error) {
    log.warn(`a part of an answer is missing: ${describeError(error)}`);
    return otherwise;
  }
}
