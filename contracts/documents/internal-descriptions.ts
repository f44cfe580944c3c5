/** Descriptions of operations that services call at each other, by operationId. */
export const internalDescriptions: Record<string, string | undefined> = {
  callTogether:
    'Saves requests under load. A call that fails does not change the answers of the others.',
  // Orders.
  createOrder:
    'The order row is the idempotency record: the key of a customer names one order. Another ' +
    'content under the same key is 422.',
  recordPayment:
    'Writes the status and the event of the outbox in one statement. Repeating the same decision ' +
    'answers the order; another one is 409.',
  getOrder: 'An order of another customer is 404.',
  listOrders: 'In the order of their ids, which begin with the time.',
  lookUpItems: 'For letters, which show the first 20 items of an order.',
  claimPendingOrders:
    'Each order is leased to one recovery at a time. Without progress it can be claimed again after ' +
    '`leaseMs`.',
  listPendingOrders: 'With the error of the last recovery. `minAgeMs` leaves out young orders.',
  noteRecoveryFailure: 'Shown to operators with the order. It changes nothing else.',
  getOrderHistory: 'The event is null while the order is Pending.',
  getOrdersOverview: 'Counts are bounded, so that they stay cheap for any number of orders.',
  auditOrders: 'Go on with `after` set to the last id, until the page is empty.',
  auditEvents: 'Answers the events that no ended order has, and the id to go on after.',
  publishEventAgain:
    'For an event that the topic has lost. Consumers know it by its id. The step is recorded with ' +
    'its author.',
  listOrderRepairs: 'Ids are UUIDv7: lists of several services can be merged by them.',
  listAllOrders: 'Bounded: a page may be empty and still name a next one.',
  findOrders: 'Either a range of ids or a trace.',
  noteSettlement: 'The gateway then ends the order as recovery does.',
  getOrdersHistory: 'One sample for all replicas. A gap means that none of them ran.',
  // Billing.
  decidePayment:
    'The first call decides and charges; every later one answers the same decision. Another amount ' +
    'or customer is 422.',
  voidPayment:
    'Recovery calls it to end an order. Where a decision exists, it is answered unchanged; ' +
    'otherwise the order can never be charged from now on.',
  getDecision: 'Reads and never decides, so that a question about an order cannot charge it.',
  getWallet: 'Any customer id has a wallet.',
  topUpWallet: 'The key begins with its owner, so that keys of two callers never collide.',
  reverseTopUp: 'Answers the first reversal when repeated, also with another reason.',
  listOperations: 'With the operator who made a reversal.',
  auditPayments: 'Bounded by order ids, so that they can be compared with a page of orders.',
  auditWallets: 'Answers wallets whose balance is not the sum of their operations.',
  repairPayment: 'Done once: a repetition answers `already`. 409 where the records have changed.',
  listPaymentRepairs: 'Ids are UUIDv7: lists of several services can be merged by them.',
  listAllOperations: 'Bounded: a page may be empty and still name a next one.',
  getAnyOperation: 'Finds a movement without its customer.',
  lookUpWallets: 'Called once for a page of customers.',
  // Profiles.
  createProfile: 'Never changes a profile that exists.',
  getProfile: 'Send the `ETag` as `If-Match` to replace it.',
  findProfilesByEmail: 'Several customers of an external issuer may share an address.',
  listProfiles: 'Ids of our own identity service begin with the time: newest first.',
  putProfile: 'Without `If-Match` the contact data are replaced whatever they are.',
  createConfirmation:
    'The token is null where an earlier one can still be used and `again` is false. 429 with ' +
    '`Retry-After` beyond the limits of an address and of a customer.',
  confirmAddress: 'Repeating it answers the same.',
  lookUpContacts: 'Called once for several letters.',
  findConfirmedAddresses: 'Confirmed by whichever customer.',
  requestErasure: 'Repeating it answers the first request, with its reason.',
  getErasure: '404 where none was requested.',
  claimErasures: 'Each erasure is leased to one gateway at a time.',
  noteErasure: 'Given `traces` are added to those that are kept.',
  listRecentErasures: 'Gateways read it to refuse tokens of customers that are being erased.',
  // Notifications.
  listLetters: 'Without letters of other customers.',
  getLetter: 'A letter of another customer is 404.',
  listAllLetters: 'Addresses are masked.',
  getAnyLetter: 'Addresses are masked.',
  previewLetter: 'Nothing is sent. The contact data are read from profiles.',
  resendLetter: 'A letter that was sent is 409.',
  resendLetters: 'One answer handles a part; go on with `nextCursor`.',
  acknowledgeFailedLetters: 'Letters that have not failed are counted in `refused`.',
  retryCustomerLetters: 'Called when the customer has changed the address.',
  findTracedLetters: 'Bounded to the latest attempts.',
  listLetterTemplates: 'The built-in ones, and those of the folder of LETTER_TEMPLATES.',
  getNotificationsHistory: 'One sample for all replicas. A gap means that none of them ran.',
  releaseLetters: 'Called when an address was confirmed. Answers how many letters it concerns.',
  getDelivery: 'Without `customerId` addresses are masked.',
  getNotificationsOverview: 'Lag is null while the broker does not answer.',
  listDeadLetters: 'Filter by `state`. Each has the error of its last try.',
  getDeadLetter: 'Long texts are cut; the row keeps all of it.',
  redriveDeadLetter: '`state` stays `dead` where the message still cannot become a letter.',
  discardDeadLetters: 'The rows stay, with who discarded them and why.',
  redriveDeadLetters: '`dead` counts all that remain, also those that were not tried.',
  sendAccountLetter:
    'Not sent twice under the same id. 429 while many letters to the address wait.',
  auditLetters: 'Bounded by order ids, so that they can be compared with a page of orders.',
  auditPositions: 'An event below these offsets that is no letter was lost.',
  acknowledgeLetter: 'The reconciliation no longer reports it. The letter does not change.',
  listLetterRepairs: 'Ids are UUIDv7: lists of several services can be merged by them.',
  // Identity.
  createAccount: 'An account with another password is 409.',
  createSession: 'Failures are counted per account and client address; beyond the limit it is 429.',
  rotateRefreshToken: 'A token that is used a second time ends its session: it was stolen.',
  endSession: 'Ending it again changes nothing.',
  listEndedSessions: 'Gateways read it to refuse access tokens of sessions that have ended.',
  replacePassword: 'Answers the sessions that ended, for gateways to refuse them at once.',
  createPasswordReset: 'The time of the answer does not reveal whether the address is known.',
  redeemResetToken: 'The token works once.',
  checkPassword: 'A wrong password is 403 and counts as a failed sign-in.',
  getAccountData: 'Without password and tokens.',
  getKeys: 'Gateways verify access tokens by these keys. Cache them by `kid`.',
  // Every service with a database.
  eraseCustomer: 'Bounded: go on with `next` until it is null. `waits` asks to call again later.',
  listTraces: 'Texts of others may repeat them. Go on with `next` until it is null.',
  listAuditTrail: 'Entries never change. Go on with `before` set to the last id.',
  // Webhooks.
  listWebhookEndpoints: 'Never with their secrets.',
  createWebhookEndpoint: 'Answers the signing secret, which no later answer shows.',
  getWebhookEndpoint: 'Never with its secret. A disabled endpoint says why.',
  putWebhookEndpoint: 'Replaces all members of the endpoint.',
  deleteWebhookEndpoint: 'Nothing more is sent to it.',
  rotateWebhookSecret: 'For a while webhooks are signed with the former secret too.',
  testWebhookEndpoint: 'Sends an event of the type `webhook.test`.',
  replayWebhookEvents: 'Bounded: call again with the moment of the answer until it is null.',
  listWebhookDeliveries: 'Filter by endpoint, state and order.',
  getWebhookDelivery: 'With the latest attempts and what the receiver answered.',
  redeliverWebhook: 'Puts a delivery back into the queue, also one that is dead.',
};
