import type { ProblemTexts } from './problem-texts.ts';

/** About each problem of the public API: its meaning, what a program does, what a person does. */
export const ENGLISH: ProblemTexts = {
  'invalid-request': [
    'The request breaks a rule of its operation. `errors` lists every broken rule and its place.',
    'Correct the listed places. Do not send the same request again.',
    'Correct the marked fields.',
  ],
  unauthenticated: [
    'There is no access token, or it has expired, was revoked, or is for another API.',
    'Renew the session, or sign in, and send the request with the new token and the same key.',
    'Sign in again.',
  ],
  'sign-in-failed': [
    'The e-mail address or the password is wrong. The answer does not say which.',
    'Ask the person again. Failed attempts are counted, so do not try in a loop.',
    'Check both, or set a new password by the link on the sign-in page.',
  ],
  'session-ended': [
    'The refresh token was used before, has expired, or the session has ended.',
    'Forget both tokens and sign in.',
    'Sign in again.',
  ],
  forbidden: [
    'The token is valid, but the operation is for operators only.',
    'Use a token with the scope `operator`.',
    'Ask an operator to do it.',
  ],
  'wrong-password': [
    'The present password, which this change needs, is wrong.',
    'Ask the person for the present password again. Failed attempts are counted.',
    'Enter the password that you sign in with.',
  ],
  'foreign-customer': [
    'The order names another customer than the access token.',
    'Leave `customerId` out, or send the one of the token.',
    'Sign in as the customer who orders.',
  ],
  'self-top-up-off': [
    'In this system only operators add money to wallets.',
    'Do not offer top-ups to customers here (`WALLET_SELF_TOP_UP` is off).',
    'Ask an operator for a top-up.',
  ],
  'not-found': [
    'There is nothing at this address, or it belongs to another customer.',
    'Check the path and the id. An order of somebody else is answered like a missing one.',
    'Check the link.',
  ],
  'confirmation-link-invalid': [
    'The link was used, is older than 24 hours, or is for another address.',
    'Offer to send a new letter.',
    'Ask for a new letter on the page of your profile.',
  ],
  'customer-not-found': [
    'No customer has this id. No money was added.',
    'Look the customer up by `GET /v1/operator/customers` first.',
    'Check the id or search by e-mail address.',
  ],
  'method-not-allowed': [
    'The path exists, but not with this method.',
    'Use a method that the header `Allow` lists.',
    'This is a defect of the program that you use. Report it to its makers.',
  ],
  'insufficient-funds': [
    'The wallet holds less than the order costs. The order is cancelled, nothing was charged.',
    'Show `shortfall`. After a top-up order again with a new key: this key keeps its answer.',
    'Top up your wallet and order again.',
  ],
  'order-cancelled': [
    'The order was not paid in time, so recovery cancelled it. Nothing was charged.',
    'Order again with a new key: this key keeps its answer.',
    'Order again.',
  ],
  'confirmation-not-needed': [
    'The address is confirmed already, or this system confirms none.',
    'Read the profile: `emailConfirmed` says what holds.',
    'You need not do anything.',
  ],
  'email-taken': [
    'This address has an account with another password.',
    'Offer to sign in or to reset the password.',
    'Sign in, or set a new password by a letter.',
  ],
  'password-in-settings': [
    "The operator's password is a setting of the system, so it cannot be changed here.",
    'Change the setting `OPERATOR_PASSWORD` of the service identity.',
    'Ask the operator of the system.',
  ],
  'customer-erased': [
    'The personal data of this customer were erased for ever.',
    'Do not store data of this customer again.',
    'Register again, with a new account.',
  ],
  'operator-account': [
    'The settings of the system create this account, so it cannot be erased.',
    'Make another address the operator first (`OPERATOR_EMAIL`).',
    'Ask the operator of the system.',
  ],
  'letter-sent': [
    'The letter was sent. A letter that was sent is not sent again.',
    'Read the letter: `attempts` shows when it was sent.',
    'Ask the customer to look into the spam folder.',
  ],
  'template-unknown': [
    'The replica that answered does not have this template version.',
    'Take a version from `GET /v1/operator/letter-templates`. An own template must be in the folder `LETTER_TEMPLATES` of every replica.',
    'Choose another template version.',
  ],
  'no-contact': [
    'The customer has no profile with an e-mail address yet.',
    'Try again when the profile exists.',
    'Ask the customer to enter an address in the profile.',
  ],
  'reversal-exceeds-balance': [
    'The wallet holds less than the reversal would take. Nothing was changed.',
    'Show `balance` and `amount`. Repeat it when the wallet holds enough.',
    'Wait until the wallet holds enough, or settle it with the customer.',
  ],
  'not-reversible': [
    'Only a top-up can be reversed.',
    'Offer the reversal only for operations of the type `top_up`.',
    'Choose a top-up.',
  ],
  'profile-changed': [
    'The profile was changed after it was read: `If-Match` names an older version.',
    'Read the profile, apply the change to it, and send it with the new `ETag`.',
    'Reload the page and enter your change again.',
  ],
  'body-too-large': [
    'The body has more bytes than the operation takes. `errors` names the limit.',
    'Send less, such as fewer items in an order.',
    'Split the order in two.',
  ],
  'uri-too-long': [
    'The address, or a part of it, is too long.',
    'Shorten the parameters.',
    'Check the link.',
  ],
  'unsupported-media-type': [
    'The body is not JSON, or it is compressed.',
    'Send `Content-Type: application/json` without `Content-Encoding`.',
    'This is a defect of the program that you use. Report it to its makers.',
  ],
  'unknown-host': [
    'The request names the server in a way that the server does not know.',
    'Use the address that is configured. The setting `PUBLIC_URL` adds a name.',
    'Open the system by its usual address.',
  ],
  'balance-limit': [
    'The balance would pass its limit of 9·10^15 minor units. Nothing was added.',
    'Add less.',
    'Add less.',
  ],
  'idempotency-key-reused': [
    'The `Idempotency-Key` was used with another body. Nothing was done.',
    'Make a new key for each new request, and keep it for repetitions of that request only.',
    'Reload the page and try again.',
  ],
  'reset-link-invalid': [
    'The link has expired or was used.',
    'Offer to send a new letter.',
    'Ask for a new letter on the sign-in page.',
  ],
  'too-many-requests': [
    'The limit of attempts is reached. Nothing was done.',
    'Wait as long as `Retry-After` says, and repeat the request with the same key.',
    'Wait a little and try again.',
  ],
  internal: [
    'A defect of the system. It is in the log under `traceId`. The outcome is not known.',
    'Repeat the request with the same key: it is never done twice.',
    'Try again, and report the trace id if it happens again.',
  ],
  unavailable: [
    'A service did not answer in time. The request may have been done.',
    'Repeat it with the same key after `Retry-After`: it is resumed, never done twice.',
    'Wait a little and try again: you are not charged twice.',
  ],
  overloaded: [
    'Too many requests at once. Nothing was done.',
    'Wait as long as `Retry-After` says, longer each time, and repeat with the same key.',
    'Wait a little and try again.',
  ],
  'webhook-address-refused': [
    'The address of the endpoint is not one that events may be sent to.',
    'Use a public https address. `WEBHOOKS_ALLOW_PRIVATE` allows private ones.',
    'Check the address.',
  ],
  'webhook-endpoint-disabled': [
    'The endpoint is disabled, so nothing is sent to it.',
    'Enable the endpoint first.',
    'Enable the endpoint first.',
  ],
  'webhook-endpoint-limit': [
    'There are as many endpoints as the system allows.',
    'Remove an endpoint before you add another.',
    'Remove an endpoint that is no longer used.',
  ],
};
