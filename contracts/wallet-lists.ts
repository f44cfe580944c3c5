import { type Static, Type } from 'typebox';
import { OperatorOperation } from './billing.ts';
import {
  amountBetween,
  CustomerId,
  choice,
  listQuery,
  Money,
  madeBetween,
  NoQuery,
  pageOf,
  strictObject,
  Uuid,
} from './common.ts';
import { internal } from './operation.ts';

// The operations of billing that show the wallets of all customers to operators.

/** A movement of any wallet, with its customer. */
export const ListedOperation = strictObject({
  customerId: CustomerId,
  ...OperatorOperation.properties,
});
export type ListedOperation = Static<typeof ListedOperation>;

export const listAllOperations = internal('listAllOperations', 'GET /operator/operations', {
  summary: 'Operations of all wallets, newest first',
  description:
    'A page may be empty and still name a next one: each looks through a limited number of operations.',
  query: listQuery({
    type: Type.Optional(choice('top_up', 'charge', 'reversal')),
    customerId: Type.Optional(CustomerId),
    ...madeBetween,
    ...amountBetween,
  }),
  responses: { 200: pageOf(ListedOperation) },
});

export const getAnyOperation = internal(
  'getAnyOperation',
  'GET /operator/operations/:operationId',
  {
    summary: 'One operation of any wallet, with its reversal if there is one',
    params: strictObject({ operationId: Uuid }),
    query: NoQuery,
    responses: {
      200: strictObject({
        operation: ListedOperation,
        reversal: Type.Union([ListedOperation, Type.Null()]),
      }),
    },
  },
);

export const lookUpWallets = internal('lookUpWallets', 'POST /wallets/look-up', {
  summary: 'Balances of several customers; wallets that were never used are left out',
  query: NoQuery,
  body: strictObject({ customerIds: Type.Array(CustomerId, { minItems: 1, maxItems: 100 }) }),
  responses: {
    200: strictObject({
      data: Type.Array(strictObject({ customerId: CustomerId, balance: Money })),
    }),
  },
});
