import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

// Who may call what: a row for each operation of each service, and the page that is made of them.

export const ROOT = join(import.meta.dirname, '..');
export const PAGE = join(ROOT, 'docs', 'reference', 'authorization.md');

/** An answer, as far as authorization goes. `own`: a list of the caller's own data only. */
export type Verdict = 'yes' | 'own' | 401 | 403 | 404;

/** Callers of the public API. */
export const PUBLIC_CALLERS = [
  'anonymous',
  'owner',
  'other customer',
  'operator',
  'expired token',
  'wrong audience',
  'service token',
] as const;

/**
 * Callers of an internal API. Orders, billing, profiles, identity and webhooks make no calls and have
 * no keys.
 */
export const INTERNAL_CALLERS = [
  'anonymous',
  'gateway',
  'notifications',
  'unknown service',
  'customer',
  'operator',
  'expired token',
  'wrong audience',
] as const;

type Verdicts = readonly Verdict[];

/** The verdicts of each kind of operation, in the order of the callers. */
const PUBLIC = {
  anybody: ['yes', 'yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'own data': [401, 'own', 'own', 'own', 401, 401, 401],
  'own item': [401, 'yes', 404, 404, 401, 401, 401],
  operators: [401, 403, 403, 'yes', 401, 401, 401],
} as const satisfies Record<string, Verdicts>;

const INTERNAL = {
  anybody: ['yes', 'yes', 'yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  gateway: [401, 'yes', 403, 401, 401, 401, 401, 401],
  notifications: [401, 403, 'yes', 401, 401, 401, 401, 401],
} as const satisfies Record<string, Verdicts>;

type PublicKind = keyof typeof PUBLIC;
type InternalKind = keyof typeof INTERNAL;

/** The operations of each service by their kind. One that is missing here fails the test. */
const ROWS: { gateway: Record<PublicKind, string[]> } & Record<
  string,
  Partial<Record<PublicKind | InternalKind, string[]>>
> = {
  gateway: {
    anybody: [
      ...['register', 'signIn', 'renewSession', 'confirmByLink'],
      ...['requestPasswordReset', 'redeemPasswordReset'],
    ],
    'own data': [
      ...['readProfile', 'replaceProfile', 'readWallet', 'readOperations', 'topUp'],
      ...['placeOrder', 'readOrders', 'readLetters', 'requestConfirmation'],
      ...['changePassword', 'eraseAccount', 'exportAccount', 'signOut'],
    ],
    'own item': ['readOrder', 'readJourney', 'readLetter'],
    operators: [
      ...['findCustomers', 'operatorTopUp', 'readAnyOperations', 'reverseAnyTopUp'],
      ...['readPendingOrders', 'readAnyJourney', 'readOverview', 'readAuditTrail'],
      ...['readAllLetters', 'readAnyLetter', 'previewAnyLetter', 'resendAnyLetter'],
      ...['resendFailedLetters', 'readDeadLetters', 'readDeadLetter', 'redriveOne', 'redriveMany'],
      ...['exportCustomer', 'requestCustomerErasure', 'readCustomerErasure'],
      ...['verifyLedger', 'repairBooks', 'readRepairs'],
      ...['readWebhookEndpoints', 'addWebhookEndpoint', 'readWebhookEndpoint'],
      ...['changeWebhookEndpoint', 'removeWebhookEndpoint', 'rotateEndpointSecret'],
      ...['sendTestWebhook', 'replayWebhooks', 'readWebhookDeliveries', 'readWebhookDelivery'],
      ...['redeliverOne', 'search', 'readAllOrders', 'settleOrder', 'readAllOperations'],
      ...['readAnyOperation', 'readOverviewHistory', 'readLetterTemplates'],
      ...['acknowledgeLetters', 'discardMany'],
    ],
  },
  orders: {
    gateway: [
      ...['createOrder', 'recordPayment', 'getOrder', 'listOrders', 'getOrderHistory'],
      ...['claimPendingOrders', 'listPendingOrders', 'noteRecoveryFailure', 'getOrdersOverview'],
      ...['auditOrders', 'auditEvents', 'publishEventAgain', 'listOrderRepairs'],
      ...['listAuditTrail', 'eraseCustomer', 'callTogether', 'listAllOrders', 'findOrders'],
      ...['noteSettlement', 'getOrdersHistory'],
    ],
    notifications: ['lookUpItems'],
  },
  billing: {
    gateway: [
      ...['decidePayment', 'voidPayment', 'getDecision', 'getWallet', 'topUpWallet'],
      ...['reverseTopUp', 'listOperations', 'auditPayments', 'auditWallets', 'repairPayment'],
      ...['listPaymentRepairs', 'listAuditTrail', 'eraseCustomer', 'callTogether'],
      ...['listAllOperations', 'getAnyOperation', 'lookUpWallets'],
    ],
  },
  profiles: {
    gateway: [
      ...['createProfile', 'getProfile', 'putProfile', 'findProfilesByEmail', 'listAuditTrail'],
      ...['createConfirmation', 'confirmAddress', 'requestErasure', 'getErasure'],
      ...['claimErasures', 'noteErasure', 'listRecentErasures', 'eraseCustomer', 'listProfiles'],
    ],
    notifications: ['lookUpContacts', 'findConfirmedAddresses'],
  },
  notifications: {
    gateway: [
      ...['listLetters', 'getLetter', 'getDelivery', 'listAllLetters', 'getAnyLetter'],
      ...['previewLetter', 'resendLetter', 'resendLetters', 'listDeadLetters', 'getDeadLetter'],
      ...['redriveDeadLetter', 'redriveDeadLetters', 'getNotificationsOverview'],
      ...['auditLetters', 'auditPositions', 'acknowledgeLetter', 'listLetterRepairs'],
      ...['listAuditTrail', 'sendAccountLetter', 'releaseLetters', 'eraseCustomer', 'listTraces'],
      ...['acknowledgeFailedLetters', 'retryCustomerLetters', 'findTracedLetters'],
      ...['listLetterTemplates', 'getNotificationsHistory', 'discardDeadLetters'],
    ],
  },
  identity: {
    gateway: [
      ...['createAccount', 'createSession', 'rotateRefreshToken', 'endSession'],
      ...['listEndedSessions', 'replacePassword', 'createPasswordReset', 'redeemResetToken'],
      ...['checkPassword', 'getAccountData', 'eraseCustomer', 'listAuditTrail'],
    ],
    anybody: ['getKeys'],
  },
  webhooks: {
    gateway: [
      ...['listWebhookEndpoints', 'createWebhookEndpoint', 'getWebhookEndpoint'],
      ...['putWebhookEndpoint', 'deleteWebhookEndpoint', 'rotateWebhookSecret'],
      ...['testWebhookEndpoint', 'replayWebhookEvents', 'listWebhookDeliveries'],
      ...['getWebhookDelivery', 'redeliverWebhook', 'listDeadLetters', 'getDeadLetter'],
      'discardDeadLetters',
      ...['redriveDeadLetter', 'redriveDeadLetters', 'eraseCustomer', 'listAuditTrail'],
    ],
  },
};

/** Routes that no OpenAPI document describes: they ask for no token. */
const OPEN = ['/livez', '/readyz', '/metrics'];

/** Further ones of the gateway: files and pages that are the same for everybody, and the mailbox. */
const OPEN_AT_GATEWAY = [
  ...['/', '/console.json', '/letter.html', '/assets/*'],
  ...['/docs', '/docs/', '/docs/start.js', '/docs/theme.css', '/docs/assets/*', '/docs/events'],
  ...['/openapi.json', '/asyncapi.json'],
  ...['/mailbox/messages', '/mailbox/messages/*'],
];

/** Whether a route may answer without a token although no document describes it. */
export function isOpen(service: string, { method, url }: { method: string; url: string }): boolean {
  const open = service === 'gateway' ? [...OPEN, ...OPEN_AT_GATEWAY] : OPEN;
  // Letters of the default set-up's mailbox can be marked and deleted.
  const methods = url.startsWith('/mailbox/') ? ['PUT', 'DELETE'] : [];
  return ['GET', 'HEAD', ...methods].includes(method) && open.includes(url);
}

/** An operation as an OpenAPI document publishes it. */
export interface Route {
  service: string;
  operationId: string;
  method: string;
  /** With `{parameters}`. */
  path: string;
  /** Whether the document says that it needs a token. */
  secured: boolean;
  /** The services that the document names as its callers. */
  callers: string[];
}

interface Described {
  operationId: string;
  security?: unknown[];
  'x-callers'?: string[];
}

/** Every operation of every published document. */
export function publishedRoutes(): Route[] {
  const files = globSync(join(ROOT, 'contracts', 'published', '*.openapi.json')).sort();
  return files.flatMap((file) => {
    const service = basename(file, '.openapi.json');
    const { paths } = JSON.parse(readFileSync(file, 'utf8')) as {
      paths: Record<string, Record<string, Described>>;
    };
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => ({
        service,
        operationId: described.operationId,
        method: method.toUpperCase(),
        path,
        secured: described.security?.length !== 0,
        callers: described['x-callers'] ?? [],
      })),
    );
  });
}

export const callersOf = (service: string): readonly string[] =>
  service === 'gateway' ? PUBLIC_CALLERS : INTERNAL_CALLERS;

/** The kind of an operation; undefined where it has no row. */
export function kindOf({ service, operationId }: Pick<Route, 'service' | 'operationId'>) {
  const kinds = Object.entries(ROWS[service] ?? {});
  return kinds.find(([, operations]) => operations?.includes(operationId))?.[0];
}

/** The expected verdict for each caller, in the order of `callersOf`. */
export function expectedOf(route: Route): Verdicts {
  const kind = kindOf(route);
  const kinds: Record<string, Verdicts> = route.service === 'gateway' ? PUBLIC : INTERNAL;
  const found = kind === undefined ? undefined : kinds[kind];
  if (found === undefined)
    throw new Error(`${route.operationId} has no row in test/authorization.ts`);
  return found;
}

/** Rows whose operation no document publishes. */
export function strayRows(routes: Route[]): string[] {
  const published = new Set(routes.map(({ service, operationId }) => `${service} ${operationId}`));
  return Object.entries(ROWS)
    .flatMap(([service, kinds]) =>
      Object.values(kinds)
        .flat()
        .map((operationId) => `${service} ${operationId}`),
    )
    .filter((row) => !published.has(row));
}

const listOf = (urls: string[]) => urls.map((url) => `\`${url}\``).join(', ');

const HEAD = `# Who may call what

**Reference** for reviewers and operators. Afterwards you can say how every route answers every kind of caller.

Generated from the published OpenAPI documents; \`test/system/authorization.test.ts\` sends each of these
requests to a running system and compares. \`yes\`: allowed. \`own\`: allowed, and concerns the caller's own data
only. A number is the status of the refusal; 404 hides whether the item exists.

- *owner*, *other customer*: the item of the path belongs to the first, not to the second.
- *expired token*, *wrong audience*: signed by the right key. In the public API an access token of the owner, in an
  internal one a token of the gateway.
- *service token*: the gateway's own, sent to the public API.
- *unknown service*: a token of \`orders\`, signed by a key that no setting registers. Orders, billing,
  profiles, identity and webhooks make no calls and have no keys.
- *customer*, *operator*: an access token, sent to an internal API.

No other route exists, except for those that ask for no token and show nothing of a customer
([security](security.md#who-may-call-what)). Every service: ${listOf(OPEN)}. The gateway: the pages of the console and about problems, and
${listOf(OPEN_AT_GATEWAY.filter((url) => !url.startsWith('/mailbox')))}.
Only the default set-up has the mailbox, with the letters of everybody who tries it: \`/mailbox/messages\`, to read,
mark and delete them. Only \`npm start -- --lab\` has \`/lab/*\`, for operators.
`;

/** The page of these routes. */
export function pageOf(routes: Route[]): string {
  const parts = Object.keys(ROWS).map((service) => {
    const callers = callersOf(service);
    const rows = routes
      .filter((route) => route.service === service)
      .sort((a, b) => `${a.path} ${a.method}`.localeCompare(`${b.path} ${b.method}`, 'en'))
      .map((route) => `| \`${route.method} ${route.path}\` | ${expectedOf(route).join(' | ')} |`);
    return [
      `\n## ${service === 'gateway' ? 'Public API (gateway)' : `Internal API of ${service}`}\n`,
      `| route | ${callers.join(' | ')} |`,
      `| --- | ${callers.map(() => '---').join(' | ')} |`,
      ...rows,
    ].join('\n');
  });
  return `${HEAD}${parts.join('\n')}\n`;
}
