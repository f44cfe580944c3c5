import { type Static, Type } from 'typebox';
import { CustomerId, EmailAddress, NoQuery, strict } from './common.ts';

const PASSWORD_MAX = 128;

export const Password = Type.String({ minLength: 10, maxLength: PASSWORD_MAX });

/** Members of a sign-in: a password that is too short gets the same answer as a wrong one. */
export const credentials = {
  email: EmailAddress,
  password: Type.String({ minLength: 1, maxLength: PASSWORD_MAX }),
};

// The network address of the client, for the attempt limits: only the gateway sees it.
const ClientAddress = Type.String({ minLength: 1, maxLength: 64 });

export const AccessToken = Type.Object(
  {
    accessToken: Type.String(),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ description: 'Seconds.' }),
  },
  strict,
);
export type AccessToken = Static<typeof AccessToken>;

export const identityProblems = {
  signInFailed: {
    code: 'sign-in-failed',
    kind: 'unauthenticated',
    ru: { title: 'Вход не выполнен', detail: 'Адрес или пароль не подходит.' },
    en: { title: 'Sign-in failed', detail: 'The address or the password does not fit.' },
  },
  emailTaken: {
    code: 'email-taken',
    kind: 'conflict',
    ru: { title: 'Адрес занят', detail: 'Учётная запись с этим адресом уже есть.' },
    en: { title: 'Address taken', detail: 'There is already an account with this address.' },
  },
} as const;

const Account = Type.Object({ customerId: CustomerId }, strict);

export const createAccount = {
  operationId: 'createAccount',
  method: 'POST',
  path: '/accounts',
  summary: 'Create an account; the same address and password answer the existing one',
  callers: ['gateway'],
  body: Type.Object(
    { email: EmailAddress, password: Password, clientAddress: ClientAddress },
    strict,
  ),
  responses: { 200: Account, 201: Account },
  problems: [identityProblems.emailTaken],
} as const;

export const createSession = {
  operationId: 'createSession',
  method: 'POST',
  path: '/sessions',
  summary: 'Exchange address and password for an access token',
  callers: ['gateway'],
  body: Type.Object({ ...credentials, clientAddress: ClientAddress }, strict),
  responses: { 200: AccessToken },
  problems: [identityProblems.signInFailed],
} as const;

/** Public keys of the tokens (RFC 7517). Needs no service token: the keys are public. */
export const getKeys = {
  operationId: 'getKeys',
  method: 'GET',
  path: '/jwks',
  summary: 'JSON Web Key Set of the access tokens',
  query: NoQuery,
  responses: {
    200: Type.Object({ keys: Type.Array(Type.Object({}, { additionalProperties: true })) }),
  },
} as const;
