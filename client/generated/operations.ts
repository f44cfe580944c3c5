// Generated from the published contracts: `npm run client:types`.

export interface OperationEntry {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its parameters in braces. */
  path: string;
  /** Takes an Idempotency-Key. */
  keyed?: true;
  /** Takes no token. */
  public?: true;
}

export const operations = {
  addWebhookEndpoint: { method: 'POST', path: '/v1/operator/webhook-endpoints' },
  changePassword: { method: 'PUT', path: '/v1/password' },
  changeWebhookEndpoint: { method: 'PUT', path: '/v1/operator/webhook-endpoints/{endpointId}' },
  confirmByLink: { method: 'POST', path: '/v1/confirmations', public: true },
  eraseAccount: { method: 'POST', path: '/v1/account/erasure' },
  exportAccount: { method: 'GET', path: '/v1/account/export' },
  exportCustomer: { method: 'GET', path: '/v1/operator/customers/{customerId}/export' },
  findCustomers: { method: 'GET', path: '/v1/operator/customers' },
  operatorTopUp: { method: 'POST', path: '/v1/operator/wallets/{customerId}/top-ups', keyed: true },
  placeOrder: { method: 'POST', path: '/v1/orders', keyed: true },
  previewAnyLetter: { method: 'GET', path: '/v1/operator/letters/{letterId}/preview' },
  readAllLetters: { method: 'GET', path: '/v1/operator/letters' },
  readAnyJourney: { method: 'GET', path: '/v1/operator/orders/{orderId}/journey' },
  readAnyLetter: { method: 'GET', path: '/v1/operator/letters/{letterId}' },
  readAnyOperations: { method: 'GET', path: '/v1/operator/wallets/{customerId}/operations' },
  readAuditTrail: { method: 'GET', path: '/v1/operator/audit' },
  readCustomerErasure: { method: 'GET', path: '/v1/operator/customers/{customerId}/erasure' },
  readDeadLetter: { method: 'GET', path: '/v1/operator/dead-letters/{deadLetterId}' },
  readDeadLetters: { method: 'GET', path: '/v1/operator/dead-letters' },
  readJourney: { method: 'GET', path: '/v1/orders/{orderId}/journey' },
  readLetter: { method: 'GET', path: '/v1/letters/{letterId}' },
  readLetters: { method: 'GET', path: '/v1/letters' },
  readOperations: { method: 'GET', path: '/v1/wallet/operations' },
  readOrder: { method: 'GET', path: '/v1/orders/{orderId}' },
  readOrders: { method: 'GET', path: '/v1/orders' },
  readOverview: { method: 'GET', path: '/v1/operator/overview' },
  readPendingOrders: { method: 'GET', path: '/v1/operator/pending-orders' },
  readProfile: { method: 'GET', path: '/v1/profile' },
  readRepairs: { method: 'GET', path: '/v1/operator/repairs' },
  readWallet: { method: 'GET', path: '/v1/wallet' },
  readWebhookDeliveries: { method: 'GET', path: '/v1/operator/webhook-deliveries' },
  readWebhookDelivery: { method: 'GET', path: '/v1/operator/webhook-deliveries/{deliveryId}' },
  readWebhookEndpoint: { method: 'GET', path: '/v1/operator/webhook-endpoints/{endpointId}' },
  readWebhookEndpoints: { method: 'GET', path: '/v1/operator/webhook-endpoints' },
  redeemPasswordReset: { method: 'POST', path: '/v1/password-resets/redeem', public: true },
  redeliverOne: { method: 'POST', path: '/v1/operator/webhook-deliveries/{deliveryId}/redeliver' },
  redriveMany: { method: 'POST', path: '/v1/operator/dead-letters/redrive' },
  redriveOne: { method: 'POST', path: '/v1/operator/dead-letters/{deadLetterId}/redrive' },
  register: { method: 'POST', path: '/v1/registrations', public: true },
  removeWebhookEndpoint: { method: 'DELETE', path: '/v1/operator/webhook-endpoints/{endpointId}' },
  renewSession: { method: 'POST', path: '/v1/sessions/renewal', public: true },
  repairBooks: { method: 'POST', path: '/v1/operator/repairs' },
  replaceProfile: { method: 'PUT', path: '/v1/profile' },
  replayWebhooks: { method: 'POST', path: '/v1/operator/webhook-endpoints/{endpointId}/replay' },
  requestConfirmation: { method: 'POST', path: '/v1/profile/confirmation' },
  requestCustomerErasure: { method: 'POST', path: '/v1/operator/customers/{customerId}/erasure' },
  requestPasswordReset: { method: 'POST', path: '/v1/password-resets', public: true },
  resendAnyLetter: { method: 'POST', path: '/v1/operator/letters/{letterId}/resend' },
  resendFailedLetters: { method: 'POST', path: '/v1/operator/letters/resend' },
  reverseAnyTopUp: { method: 'POST', path: '/v1/operator/wallets/{customerId}/operations/{operationId}/reversal' },
  rotateEndpointSecret: { method: 'POST', path: '/v1/operator/webhook-endpoints/{endpointId}/rotate-secret' },
  sendTestWebhook: { method: 'POST', path: '/v1/operator/webhook-endpoints/{endpointId}/test' },
  signIn: { method: 'POST', path: '/v1/sessions', public: true },
  signOut: { method: 'DELETE', path: '/v1/sessions/current' },
  topUp: { method: 'POST', path: '/v1/wallet/top-ups', keyed: true },
  verifyLedger: { method: 'GET', path: '/v1/operator/ledger/verify' },
} as const satisfies Record<string, OperationEntry>;
