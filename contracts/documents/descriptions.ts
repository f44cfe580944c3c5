import { internalDescriptions } from './internal-descriptions.ts';

/** What each operation's summary leaves out, by operationId, in Markdown. */
export const descriptions: Record<string, string | undefined> = {
  ...internalDescriptions,
  // Accounts.
  register:
    'Creates the account and the profile that letters go to. The same address and password again ' +
    'complete a registration that was cut off, and answer the same customer.',
  signIn:
    'Answers an access token for 15 minutes and a refresh token. 401 does not say whether the ' +
    'address or the password is wrong. After ten failures from one network address the account ' +
    'answers 429 there for a while.',
  renewSession:
    'Each refresh token works once. If the answer was lost, repeat the request within 30 seconds. ' +
    'After `session-ended` the customer signs in again.',
  signOut: 'Access and refresh tokens of the session are refused from now on.',
  changePassword:
    'Needs the current password. All other sessions of the account end; this one goes on.',
  requestPasswordReset:
    'Sends a link to the address if it has an account. The answer is always 202, so that nobody ' +
    'learns which addresses are known.',
  redeemPasswordReset:
    'Sets a new password with the token from the link. The token works once and for a limited time. ' +
    'All sessions of the account end.',
  readProfile:
    'Where letters go and in which language. `emailConfirmed` is absent where no address needs a ' +
    'confirmation. Send the `ETag` as `If-Match` when you replace the profile.',
  replaceProfile:
    'Replaces name, address and language of letters. With `If-Match` the change is made only if ' +
    'nobody has changed the profile since it was read; otherwise the answer is 412. The sign-in ' +
    'address does not change.',
  requestConfirmation:
    'Letters to a new address wait until the customer opens the link. An address gets three such ' +
    'links an hour and a customer ten; beyond that the answer is 429.',
  confirmByLink:
    'Takes the token of the link and needs no sign-in. Repeating it answers the same. Letters that ' +
    'wait for the address are sent.',
  exportAccount:
    'Profile, account, balance, orders and letters as one JSON document. `complete` is its last ' +
    'member: a document without it was cut off.',
  eraseAccount:
    'Erases name, addresses and texts of letters for ever. Orders and payments stay, without ' +
    'names. Tokens of the customer are refused from now on. `confirm` and the password guard ' +
    'against mistakes.',
  // Wallet.
  readWallet: 'A wallet that was never used has the balance 0.',
  readOperations:
    'Top-ups are positive, charges and reversals negative. `balanceAfter` is the balance that the ' +
    'operation left.',
  topUp:
    'Adds money once per `Idempotency-Key`: repeating the request answers the same operation. 403 ' +
    'where only operators top up wallets.',
  // Orders.
  placeOrder:
    'Stores the order, charges the wallet and answers the outcome in one request. 201: paid. 406: ' +
    'the wallet holds too little, and the order is cancelled. 202: the outcome is not known yet; ' +
    'read `Location`, or repeat the request with the same key. After 429, 503 or no answer at all, ' +
    'repeat it with the same key: the order is never charged twice.',
  readOrders: 'Filter by `status`. An order has the same members as when it is read alone.',
  readOrder: "An order of another customer is 404, as one that doesn't exist.",
  readJourney:
    'The request, the payment decision, the event and the letter with its attempts. Poll it until ' +
    '`complete` is true. `unavailable` names services that did not answer; their part is missing.',
  readLetters: 'Each letter with its text, state and attempts. Filter by `orderId`.',
  readLetter: 'Text and headers are null until the letter is composed for the first time.',
  // Operators.
  operatorTopUp:
    "Adds money to a customer's wallet once per `Idempotency-Key`. Keys of operators and of " +
    'customers are separate. An unknown customer is 404, and nothing is added.',
  findCustomers:
    'Give `customerId` or `email`, or neither. Addresses are masked. `balance` is null while billing ' +
    'does not answer.',
  readAnyOperations: 'As the customer sees them, and with the operator who made a reversal.',
  reverseAnyTopUp:
    'Takes back a top-up that was made by mistake. Repeating it answers the same reversal. 409 ' +
    'where the wallet holds less than the top-up.',
  readPendingOrders:
    'Recovery ends these orders by itself. An old one has the error of its last try. ' +
    '`minAgeMs` leaves out the orders that are being placed right now.',
  readAnyJourney: 'As the customer sees it, for any order.',
  settleOrder:
    'Recovery ends such orders by itself; this does it at once, and records who asked and why. A ' +
    'captured payment makes the order Paid. Without a decision it is voided for ever and becomes ' +
    'Cancelled. An order that has ended stays as it is. 503 while billing is away: nothing changed.',
  readAnyOperation: 'Shows whether a top-up was reversed, and by whom.',
  readOverviewHistory:
    'Recorded every ten seconds and kept for an hour, also over restarts. A part is null while its ' +
    'service does not answer; a gap means that the service did not run.',
  readLetterTemplates:
    'A letter keeps the version that it was stored with. Preview a letter to see it in another one.',
  acknowledgeLetters:
    'For letters that will never arrive. They stay failed, and no longer need attention. Sending ' +
    'one again takes the acknowledgement back. Letters that have not failed are counted in `refused`.',
  discardMany:
    'For messages that will never become letters. They stay in the list `discarded` with the reason.',
  readOverview:
    'The state of the system in one answer. A part is null while its service does not answer.',
  readAllLetters:
    'Filter by state, customer, order, kind, and by time and reason of a failure to find letters ' +
    'that should be sent again.',
  readAnyLetter: 'With its attempts and the answers of the mail server.',
  previewAnyLetter:
    'Composes the letter with the contact data of today. Nothing is sent. 409 where the customer ' +
    'has no address yet.',
  resendAnyLetter:
    'Correct a wrong address in the profile first. A letter that was sent is not sent again: 409.',
  resendFailedLetters:
    'One answer handles a part; go on with `nextCursor`. `dryRun` only counts the letters.',
  readDeadLetters: 'Filter by `state`. Each has the message as it was on the topic, and the error.',
  readDeadLetter: 'The message as it was on the topic, and why it could not become a letter.',
  redriveOne:
    'Processes the stored message again, for messages that only a newer version understands.',
  redriveMany: 'Repeat it until `dead` no longer falls.',
  readRepairs: 'Every step that a repair has done, from the records of all services.',
  repairBooks:
    'After a restore of one database its records contradict the others. Without `apply` the answer ' +
    'lists what would be done; with it the steps are done, once each. Go on with `nextCursor`.',
  verifyLedger:
    'Works for at most 20 seconds and answers how far it came: go on with `nextCursor` until ' +
    '`complete`. Work in progress is counted in `waiting` and is no difference.',
  readAuditTrail:
    'Entries never change. `unanswered` names services whose entries are missing on this page. ' +
    'Filter by actor, action and any id of the subject.',
  exportCustomer:
    'The same document as the customer gets. Reading it is recorded in the audit trail.',
  requestCustomerErasure:
    'The same as when the customer asks for it. The reason is kept with the erasure. Read its ' +
    'progress until `state` is `done`.',
  readCustomerErasure: '`waitsFor` says what the erasure has to wait for.',
  // Webhooks.
  readWebhookEndpoints: 'Never with their secrets.',
  addWebhookEndpoint:
    'Answers the signing secret, which no later answer shows. Only public https addresses are taken.',
  readWebhookEndpoint: 'Never with its secret. A disabled endpoint says why.',
  changeWebhookEndpoint: 'Replaces all members. Enabling it again sends the events from then on.',
  removeWebhookEndpoint: 'Nothing more is sent to it. Removing it again is 404.',
  rotateEndpointSecret:
    'Answers the new secret. For a while webhooks are signed with both, so that receivers can change.',
  sendTestWebhook: 'Sends an event of the type `webhook.test`. Read the delivery for its outcome.',
  replayWebhooks:
    'Sends the events since a moment again, with the same `webhook-id`: receivers drop those that ' +
    'they have.',
  readWebhookDeliveries: 'Filter by endpoint, state and order.',
  readWebhookDelivery: 'With the latest attempts and what the receiver answered.',
  redeliverOne: 'Puts a delivery back into the queue, also one that is dead.',
};
