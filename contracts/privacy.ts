import { type Static, Type } from 'typebox';
import { WalletOperation } from './billing.ts';
import {
  CustomerId,
  choice,
  EmailAddress,
  Money,
  NoQuery,
  nullable,
  OperatorReason,
  strictObject,
  Timestamp,
} from './common.ts';
import { StoredErasure } from './erasure.ts';
import { identityProblems } from './identity.ts';
import { Letter } from './notifications.ts';
import { internal, operation, operator, problem } from './operation.ts';
import { Order } from './orders.ts';
import { Profile } from './profiles.ts';

// A customer's rights: a copy of the own data, and their erasure (docs/privacy.md).

/** A sign-in of the account; null where it is not known when it ends. */
const SessionDates = strictObject({ startedAt: Timestamp, endsAt: nullable(Timestamp) });

/** The account, without password and tokens. */
export const AccountData = strictObject({
  email: EmailAddress,
  createdAt: Timestamp,
  changedAt: Timestamp,
  sessions: Type.Array(SessionDates, { description: 'The latest 100.' }),
});
export type AccountData = Static<typeof AccountData>;

export const getAccountData = internal('getAccountData', 'GET /accounts/:customerId', {
  summary: "A customer's account: address and dates",
  params: strictObject({ customerId: CustomerId }),
  query: NoQuery,
  responses: { 200: strictObject({ ...AccountData.properties, operator: Type.Boolean() }) },
});

export const privacyProblems = {
  operatorAccount: problem('operator-account', 'conflict', {
    ru: [
      'Учётная запись оператора',
      'Её создают настройки сервиса identity. Сначала назначьте оператором другой адрес.',
    ],
    en: [
      'Operator account',
      'The settings of identity create this account. Make another address the operator first.',
    ],
  }),
} as const;

const ClientAddress = Type.String({ minLength: 1, maxLength: 64 });
const GivenPassword = Type.String({ minLength: 1, maxLength: 128 });

export const checkPassword = internal('checkPassword', 'POST /accounts/:customerId/password', {
  summary: 'Whether this is the present password; counted as a sign-in',
  rateLimited: true,
  params: strictObject({ customerId: CustomerId }),
  body: strictObject({ password: GivenPassword, clientAddress: ClientAddress }),
  responses: { 200: strictObject({}) },
  problems: [identityProblems.wrongPassword],
});

/** All data of a customer. The last member is the last byte: a document without it is cut off. */
export const AccountExport = strictObject({
  format: Type.Literal('orderbell-export-1'),
  customerId: CustomerId,
  exportedAt: Timestamp,
  profile: Type.Union([Profile, Type.Null()]),
  account: Type.Union([AccountData, Type.Null()], {
    description: 'Null where an external issuer keeps the account.',
  }),
  balance: Money,
  operations: Type.Array(WalletOperation),
  orders: Type.Array(Order),
  letters: Type.Array(Letter, { description: 'With their attempts.' }),
  leftOut: Type.Array(Type.String(), {
    description: 'What is kept and not part of this document.',
  }),
  complete: Type.Literal(true),
});
export type AccountExport = Static<typeof AccountExport>;

const account = { tags: ['account'] } as const;
const CustomerParams = strictObject({ customerId: CustomerId });

export const exportAccount = operation('exportAccount', 'GET /v1/account/export', {
  ...account,
  summary: 'All own data as one document',
  query: NoQuery,
  responses: { 200: AccountExport },
});

export const exportCustomer = operation(
  'exportCustomer',
  'GET /v1/operator/customers/:customerId/export',
  {
    ...operator,
    summary: 'All data of a customer as one document, addresses included, to answer a request',
    params: CustomerParams,
    responses: { 200: AccountExport },
  },
);

const ErasureState = choice('pending', 'done');

/** The answer to a customer, whose tokens are refused from now on. */
export const ErasureReceipt = strictObject({
  customerId: CustomerId,
  state: ErasureState,
  requestedAt: Timestamp,
});
export type ErasureReceipt = Static<typeof ErasureReceipt>;

export const Erasure = strictObject({
  ...StoredErasure.properties,
  state: ErasureState,
});
export type Erasure = Static<typeof Erasure>;

export const eraseAccount = operation('eraseAccount', 'POST /v1/account/erasure', {
  ...account,
  summary: 'Erase the own personal data for ever; orders and payments stay without names',
  query: NoQuery,
  rateLimited: true,
  body: strictObject({
    confirm: Type.Literal('erase my data'),
    password: Type.Optional({
      ...GivenPassword,
      description: 'The present password; required unless an external issuer keeps the account.',
    }),
  }),
  responses: { 202: ErasureReceipt },
  problems: [identityProblems.wrongPassword, privacyProblems.operatorAccount],
});

export const requestCustomerErasure = operation(
  'requestCustomerErasure',
  'POST /v1/operator/customers/:customerId/erasure',
  {
    ...operator,
    summary: "Erase a customer's personal data for ever, with the reason",
    params: CustomerParams,
    body: strictObject({ reason: OperatorReason }),
    responses: { 202: Erasure },
    problems: [privacyProblems.operatorAccount],
  },
);

export const readCustomerErasure = operation(
  'readCustomerErasure',
  'GET /v1/operator/customers/:customerId/erasure',
  {
    ...operator,
    summary: "How far a customer's erasure has come",
    params: CustomerParams,
    responses: { 200: Erasure },
  },
);
