import { type Static, Type } from 'typebox';
import { CustomerId, EmailAddress, NoQuery, strictObject } from './common.ts';
import { internal, operation, problem } from './operation.ts';

const PASSWORD_MAX = 128;

export const Password = Type.String({ minLength: 10, maxLength: PASSWORD_MAX });

/** Members of a sign-in: a password that is too short gets the same answer as a wrong one. */
export const credentials = {
  email: EmailAddress,
  password: Type.String({ minLength: 1, maxLength: PASSWORD_MAX }),
};

// The network address of the client, for the attempt limits: only the gateway sees it.
const ClientAddress = Type.String({ minLength: 1, maxLength: 64 });

export const AccessToken = strictObject({
  accessToken: Type.String(),
  tokenType: Type.Literal('Bearer'),
  expiresIn: Type.Integer({ description: 'Seconds.' }),
});
export type AccessToken = Static<typeof AccessToken>;

export const identityProblems = {
  signInFailed: problem('sign-in-failed', 'unauthenticated', {
    ru: ['Вход не выполнен', 'Адрес или пароль не подходит.'],
    en: ['Sign-in failed', 'The address or the password does not fit.'],
  }),
  emailTaken: problem('email-taken', 'conflict', {
    ru: ['Адрес занят', 'Учётная запись с этим адресом уже есть.'],
    en: ['Address taken', 'There is already an account with this address.'],
  }),
} as const;

const Account = strictObject({ customerId: CustomerId });

export const createAccount = internal('createAccount', 'POST /accounts', {
  summary: 'Create an account; the same address and password answer the existing one',
  body: strictObject({ email: EmailAddress, password: Password, clientAddress: ClientAddress }),
  responses: { 200: Account, 201: Account },
  problems: [identityProblems.emailTaken],
});

export const createSession = internal('createSession', 'POST /sessions', {
  summary: 'Exchange address and password for an access token',
  body: strictObject({ ...credentials, clientAddress: ClientAddress }),
  responses: { 200: AccessToken },
  problems: [identityProblems.signInFailed],
});

/** Public keys of the tokens (RFC 7517). Needs no service token: the keys are public. */
export const getKeys = operation('getKeys', 'GET /jwks', {
  summary: 'JSON Web Key Set of the access tokens',
  public: true,
  query: NoQuery,
  responses: {
    200: Type.Object({ keys: Type.Array(Type.Object({}, { additionalProperties: true })) }),
  },
});
