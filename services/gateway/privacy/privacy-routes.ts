import { Readable } from 'node:stream';
import * as erasure from '#contracts/erasure.ts';
import { identityProblems } from '#contracts/identity.ts';
import { listOrders } from '#contracts/orders.ts';
import * as contract from '#contracts/privacy.ts';
import { getProfile } from '#contracts/profiles.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { clientAddressOf } from '#platform/http/client-address.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, foundIn } from '../context/service-clients.ts';
import type { ErasedCustomers } from './erased-customers.ts';
import { exportClients } from './export-clients.ts';
import { exportData } from './export-data.ts';

// A customer with 100,000 orders has a document of 500 MB, which takes a minute.
const EXPORT_TIMEOUT_MS = 120_000;
// Each holds a page of a list in memory and keeps all services busy.
const EXPORTS_MAX = 4;
const RETRY_AFTER_S = '5';
// Hashing a password may have to wait for others.
const PASSWORD_TIMEOUT_MS = 10_000;

/** A copy of a customer's data, and their erasure: for the customer and for the operator. */
export function servePrivacy(app: HttpServer, gateway: Gateway, erased: ErasedCustomers): void {
  serveExports(app, gateway);
  serveErasures(app, gateway, erased);
}

function serveExports(app: HttpServer, gateway: Gateway): void {
  const stop = new AbortController();
  app.addHook('preClose', async () => stop.abort());
  let running = 0;

  async function answerFor(customerId: string, actor?: string) {
    if (running >= EXPORTS_MAX) {
      throw new AppError(commonProblems.overloaded, 'too many exports at work', {
        headers: { 'retry-after': RETRY_AFTER_S },
        expected: true,
      });
    }
    running += 1;
    const end = () => {
      running -= 1;
    };
    const limit = deadlineIn(EXPORT_TIMEOUT_MS);
    const deps = exportClients(gateway.clients, { customerId, actor, limit, stop: stop.signal });
    const parts = await exportData(deps).catch((error: unknown) => {
      end();
      throw error;
    });
    // Also when the reader hangs up.
    const body = Readable.from(parts, { objectMode: false }).once('close', end);
    return {
      status: 200 as const,
      body: body as never,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-disposition': 'attachment; filename="orderbell-export.json"',
      },
    };
  }

  serve(app, contract.exportAccount, { identify: gateway.identify }, ({ caller }) =>
    answerFor(caller.customerId),
  );
  serve(
    app,
    contract.exportCustomer,
    { identify: gateway.identifyOperator },
    async ({ caller, params: { customerId } }) => {
      await requireCustomer(gateway, customerId);
      return answerFor(customerId, caller.customerId);
    },
  );
}

function serveErasures(app: HttpServer, gateway: Gateway, erased: ErasedCustomers): void {
  const { clients, identify, identifyOperator } = gateway;

  async function request(
    customerId: string,
    { reason, operator }: { reason: string | null; operator?: string },
  ) {
    const requestedBy = operator ?? customerId;
    const answer = await clients.profiles.call(
      erasure.requestErasure,
      { params: { customerId }, body: { requestedBy, reason } },
      { deadline: gateway.readDeadline(), actor: operator },
    );
    const stored = bodyOf(answer);
    erased.add(customerId);
    return stored;
  }

  serve(app, contract.eraseAccount, { identify }, async ({ caller, body, request: raw }) => {
    const { customerId } = caller;
    await refuseOperator(gateway, customerId);
    await checkPassword(gateway, customerId, body.password, clientAddressOf(raw));
    const { requestedAt, doneAt } = await request(customerId, { reason: null });
    return { status: 202, body: { customerId, requestedAt, state: stateOf(doneAt) } };
  });

  serve(
    app,
    contract.requestCustomerErasure,
    { identify: identifyOperator },
    async ({ caller, params: { customerId }, body }) => {
      await refuseOperator(gateway, customerId);
      await requireCustomer(gateway, customerId);
      const { reason } = body;
      const stored = await request(customerId, { reason, operator: caller.customerId });
      return { status: 202, body: { ...stored, state: stateOf(stored.doneAt) } };
    },
  );

  serve(app, contract.readCustomerErasure, { identify: identifyOperator }, async ({ params }) => {
    const request = { params, query: {} };
    const options = { deadline: gateway.readDeadline() };
    const stored = bodyOf(await clients.profiles.call(erasure.getErasure, request, options));
    return { status: 200, body: { ...stored, state: stateOf(stored.doneAt) } };
  });
}

function stateOf(doneAt: string | null): 'pending' | 'done' {
  return doneAt === null ? 'pending' : 'done';
}

/** A stolen token alone must not erase an account. */
async function checkPassword(
  { clients }: Gateway,
  customerId: string,
  password: string | undefined,
  clientAddress: string,
): Promise<void> {
  // The external issuer has the password: the token is all that can be checked.
  if (clients.identity === null) return;
  if (password === undefined) {
    throw new AppError(commonProblems.invalidRequest, 'no password', {
      violations: [{ pointer: '/password', rule: 'required' }],
    });
  }
  const answer = await clients.identity.call(
    contract.checkPassword,
    { params: { customerId }, body: { password, clientAddress } },
    { deadline: deadlineIn(PASSWORD_TIMEOUT_MS), attemptTimeoutMs: PASSWORD_TIMEOUT_MS },
  );
  bodyOf(answer, [identityProblems.wrongPassword]);
}

/** Identity's start makes the operator's account again, and customers need an operator until then. */
async function refuseOperator({ clients, readDeadline }: Gateway, customerId: string) {
  if (clients.identity === null) return;
  const request = { params: { customerId }, query: {} };
  const options = { deadline: readDeadline() };
  const account = foundIn(await clients.identity.call(contract.getAccountData, request, options));
  if (account?.operator !== true) return;
  throw new AppError(contract.privacyProblems.operatorAccount, 'the account is the operator’s');
}

/** A mistyped id must not be erased: an issuer's customer with this id would be refused for ever. */
async function requireCustomer(gateway: Gateway, customerId: string): Promise<void> {
  const { clients } = gateway;
  const options = { deadline: gateway.readDeadline() };
  const request = { params: { customerId }, query: {} };
  const found =
    foundIn(await clients.profiles.call(getProfile, request, options)) ??
    (clients.identity &&
      foundIn(await clients.identity.call(contract.getAccountData, request, options))) ??
    foundIn(await clients.profiles.call(erasure.getErasure, request, options));
  if (found !== null) return;
  const query = { customerId, limit: 1 };
  const orders = bodyOf(await clients.orders.call(listOrders, { query }, options));
  if (orders.data.length > 0) return;
  throw new AppError(commonProblems.notFound, 'no such customer');
}
